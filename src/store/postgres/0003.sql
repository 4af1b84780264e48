-- works from version 1

-- Who is signed in, in which browser. The cookie itself is nowhere: `hash` is its SHA-256.
CREATE TABLE verdict.sessions (
  hash text PRIMARY KEY,
  key_id text NOT NULL,
  ends_at bigint NOT NULL
);

CREATE INDEX sessions_end ON verdict.sessions (ends_at);
