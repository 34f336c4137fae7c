-- Times are microseconds since 1970, UTC. Ids are their 16 bytes.

-- What happened to users since their blocks were written: one row for each commit.
CREATE TABLE user_log (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    changes BLOB NOT NULL
) STRICT;

-- Users by 1,024 rows of the table in memory.
CREATE TABLE user_block (
    block   INTEGER PRIMARY KEY,
    n_users INTEGER NOT NULL,
    users   BLOB NOT NULL
) STRICT;

CREATE TABLE import (
    id       TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    updated  INTEGER NOT NULL,
    rejected INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revision (
    revision    INTEGER PRIMARY KEY,
    applied_at  INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    author      TEXT NOT NULL,
    commit_id   TEXT NOT NULL,
    message     TEXT NOT NULL
) STRICT;

-- A text is kept once, however many revisions hold it.
CREATE TABLE document (
    hash   BLOB PRIMARY KEY,
    source TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revision_document (
    revision INTEGER NOT NULL REFERENCES revision,
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    path     TEXT NOT NULL,
    hash     BLOB NOT NULL REFERENCES document,
    PRIMARY KEY (revision, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE send (
    seq            INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE,
    request_id     TEXT,
    campaign       TEXT NOT NULL,
    channel        TEXT NOT NULL,
    revision       INTEGER NOT NULL,
    is_everybody   INTEGER NOT NULL,
    is_test        INTEGER NOT NULL,
    resend_unknown INTEGER NOT NULL,
    phase          TEXT NOT NULL,
    pending        INTEGER NOT NULL DEFAULT 0,
    sending        INTEGER NOT NULL DEFAULT 0,
    sent           INTEGER NOT NULL DEFAULT 0,
    failed         INTEGER NOT NULL DEFAULT 0,
    skipped        INTEGER NOT NULL DEFAULT 0,
    unknown        INTEGER NOT NULL DEFAULT 0,
    cancelled      INTEGER NOT NULL DEFAULT 0,
    created_at     INTEGER NOT NULL,
    finished_at    INTEGER
) STRICT;

CREATE UNIQUE INDEX send_request ON send (campaign, request_id) WHERE request_id IS NOT NULL;

CREATE TABLE delivery (
    seq                INTEGER PRIMARY KEY,
    -- Deliveries are stored in the order of their ids, so that this index grows at its end.
    id                 BLOB NOT NULL UNIQUE,
    send               INTEGER NOT NULL REFERENCES send,
    channel            TEXT NOT NULL,
    -- Empty once the user was deleted.
    external_id        TEXT NOT NULL,
    trigger_properties TEXT NOT NULL,
    state              TEXT NOT NULL,
    -- Pending: when it is tried next; under a lease, when the lease ends.
    due_at             INTEGER NOT NULL,
    is_leased          INTEGER NOT NULL DEFAULT 0,
    attempts           INTEGER NOT NULL DEFAULT 0,
    reason             TEXT,
    detail             TEXT,
    platform_code      INTEGER,
    platform_subcode   INTEGER,
    message_id         TEXT,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL
) STRICT;

CREATE INDEX delivery_send ON delivery (send);
CREATE INDEX delivery_user ON delivery (external_id);
-- Small: it holds only what waits.
CREATE INDEX delivery_due ON delivery (channel, due_at) WHERE state = 'pending';
CREATE INDEX delivery_sending ON delivery (send) WHERE state = 'sending';
