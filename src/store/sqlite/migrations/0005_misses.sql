-- How many deliveries of a send read a name that was absent, and how many of them found nothing instead.
CREATE TABLE send_miss (
    send       INTEGER NOT NULL REFERENCES send,
    name       TEXT NOT NULL,
    deliveries INTEGER NOT NULL,
    gaps       INTEGER NOT NULL,
    PRIMARY KEY (send, name)
) STRICT, WITHOUT ROWID;

-- What `message_extras` said, a JSON object of texts; unset when there is nothing.
ALTER TABLE delivery ADD COLUMN extras TEXT;
