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

-- Lists for people. A poll writes an entry into every index in which its order stands, so orders that wait, which are
-- polled most, stand in none of these: they are found by their due times, or are so many that any walk meets them soon.
CREATE INDEX orders_state ON verdict.orders (state, id) WHERE state <> 'waiting';
CREATE INDEX orders_attention ON verdict.orders (id) WHERE attention IS NOT NULL;
CREATE INDEX facts_created ON verdict.facts (created_at, order_id);
CREATE INDEX verdicts_transaction ON verdict.verdicts (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX aftercare_transaction ON verdict.aftercare (late_transaction_id) WHERE late_transaction_id IS NOT NULL;
