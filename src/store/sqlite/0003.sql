-- Who may call the service. The secret itself is nowhere: `hash` is its SHA-256.
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- Idempotency keys of callers, and what they asked for under each.
CREATE TABLE requests (
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  hash TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_at ON requests (at);

-- Lists for people. `state` and `attention` change seldom, and a poll that changes neither touches neither index (see
-- UPDATE_POLLED): row numbers stand in every index, so each is in the order of a list.
CREATE INDEX orders_state ON orders (state);
CREATE INDEX orders_attention ON orders (id) WHERE attention IS NOT NULL;
CREATE INDEX facts_created ON facts (created_at);
CREATE INDEX verdicts_transaction ON verdicts (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX aftercare_transaction ON aftercare (late_transaction_id) WHERE late_transaction_id IS NOT NULL;
