CREATE TABLE IF NOT EXISTS delivery (
  key TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  language TEXT NOT NULL,
  facts TEXT NOT NULL, -- JSON
  state TEXT NOT NULL CHECK (state IN ('uploading', 'ready', 'frozen')),
  expires_at INTEGER NOT NULL, -- seconds of Unix time, as all times here
  link_hash BLOB UNIQUE, -- from the header of the whole file
  downloads INTEGER NOT NULL DEFAULT 0,
  confirmed INTEGER NOT NULL DEFAULT 0
) STRICT;
-- No delivery, to which tries of links count that are none.
INSERT OR IGNORE INTO delivery (key, name, size, sha256, language, facts, state, expires_at)
VALUES ('', '', 0, '', '', '{}', 'uploading', 9223372036854775807);
-- One row for each wrong code, or one that is being tried.
CREATE TABLE IF NOT EXISTS attempt (
  id INTEGER PRIMARY KEY,
  delivery TEXT NOT NULL REFERENCES delivery (key) ON DELETE CASCADE,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS attempt_delivery ON attempt (delivery);
-- What was sent of a file: bytes from start to before stop.
CREATE TABLE IF NOT EXISTS sent (
  id INTEGER PRIMARY KEY,
  delivery TEXT NOT NULL REFERENCES delivery (key) ON DELETE CASCADE,
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  running INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sent_delivery ON sent (delivery);
CREATE TABLE IF NOT EXISTS receipt (
  id TEXT PRIMARY KEY,
  delivery TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('fetched', 'confirmed', 'frozen', 'expired')),
  at INTEGER NOT NULL
) STRICT;
