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

-- What is on record of an apply besides.
ALTER TABLE revision ADD COLUMN owner TEXT NOT NULL DEFAULT '';
-- A JSON list of what was allowed beyond what holds for everybody.
ALTER TABLE revision ADD COLUMN allowed TEXT NOT NULL DEFAULT '[]';
-- When the plan was made that was applied.
ALTER TABLE revision ADD COLUMN planned_at INTEGER;
-- The revision that was gone back to.
ALTER TABLE revision ADD COLUMN back_to INTEGER;
ALTER TABLE revision ADD COLUMN is_pruned INTEGER NOT NULL DEFAULT 0;

-- The plan that an apply was.
CREATE TABLE revision_change (
    revision        INTEGER NOT NULL REFERENCES revision,
    kind            TEXT NOT NULL,
    name            TEXT NOT NULL,
    action          TEXT NOT NULL,
    audience_before INTEGER,
    audience        INTEGER,
    PRIMARY KEY (revision, kind, name)
) STRICT, WITHOUT ROWID;
