-- Who this store is, and the key that plans are signed with: made once, and never shown.
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id  TEXT NOT NULL,
    key BLOB NOT NULL
) STRICT;

-- SQLite's random bytes are of ChaCha20, seeded by the system.
INSERT INTO identity VALUES (1, lower(hex(randomblob(16))), randomblob(32));

-- Who applied it, as Settings name them; empty for nobody.
ALTER TABLE revision_document ADD COLUMN owner TEXT NOT NULL DEFAULT '';
