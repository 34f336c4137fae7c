-- What users did, some events a row. The users in memory know which rows hold theirs.
CREATE TABLE event_batch (
    batch  INTEGER PRIMARY KEY AUTOINCREMENT,
    events BLOB NOT NULL
) STRICT;
