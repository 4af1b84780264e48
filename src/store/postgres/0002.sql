-- works from version 1

-- Who may call the service. The secret itself is nowhere: `hash` is its SHA-256.
CREATE TABLE verdict.api_keys (
  id text PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL,
  hash text NOT NULL,
  created_at bigint NOT NULL,
  revoked_at bigint
);

-- Idempotency keys of callers, and what they asked for under each.
CREATE TABLE verdict.requests (
  caller text NOT NULL,
  key text NOT NULL,
  hash text NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (caller, key)
);

CREATE INDEX requests_at ON verdict.requests (at);
