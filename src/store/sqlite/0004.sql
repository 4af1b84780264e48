-- Who is signed in, in which browser. The cookie itself is nowhere: `hash` is its SHA-256.
CREATE TABLE sessions (
  hash TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_end ON sessions (ends_at);
