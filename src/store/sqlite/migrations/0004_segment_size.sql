-- How large segments were: those whose size is tracked, hour by hour.
CREATE TABLE segment_size (
    segment TEXT NOT NULL,
    at      INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    PRIMARY KEY (segment, at)
) STRICT, WITHOUT ROWID;

-- For dropping what is old, of segments too that are gone.
CREATE INDEX segment_size_at ON segment_size (at);
