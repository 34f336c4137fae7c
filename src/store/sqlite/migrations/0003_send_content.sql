-- A digest of whom a send goes to and with what: a request that repeats an id with another one is told so.
ALTER TABLE send ADD COLUMN content BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
