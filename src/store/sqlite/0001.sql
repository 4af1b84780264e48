-- What every poll rewrites. Narrow on purpose: a poll costs as many pages as its rows fill.
-- AUTOINCREMENT: a number that retention freed must not come back with another order's journal.
CREATE TABLE orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  sub_mchid TEXT NOT NULL, -- '' in common mode: NULLs would not collide in the unique index
  out_trade_no TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  till INTEGER NOT NULL, -- isAtTheTill(order): claimed first
  due_at INTEGER, -- NULL once the state is final
  version INTEGER NOT NULL,
  queries INTEGER NOT NULL,
  silence INTEGER NOT NULL,
  seen TEXT,
  placings INTEGER NOT NULL,
  latest_placing_at INTEGER NOT NULL,
  declined INTEGER NOT NULL,
  unknown_at INTEGER,
  given_up_at INTEGER,
  attention TEXT,
  ending_phase TEXT,
  ending_calls INTEGER,
  ending_confirmations INTEGER,
  revoke_in_flight_at INTEGER,
  revoke_unanswered_at INTEGER,
  revoke_accepted INTEGER,
  -- No order is forgotten. Open orders, which every poll rewrites, pass at the first word.
  CHECK (due_at IS NOT NULL OR state IN ('SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'))
) STRICT;

-- One index serves two questions: is this key taken, and which orders bear this number.
CREATE UNIQUE INDEX orders_key ON orders (out_trade_no, account, sub_mchid);

-- The order's row is its timer. Claims read this index alone.
CREATE INDEX orders_due ON orders (account, till, due_at) WHERE due_at IS NOT NULL;

-- Written once, when the order enters; read with every claim.
CREATE TABLE facts (
  order_id INTEGER PRIMARY KEY REFERENCES orders (id),
  total INTEGER NOT NULL,
  currency TEXT NOT NULL,
  origin TEXT NOT NULL,
  may_end INTEGER NOT NULL,
  purchase TEXT,
  created_at INTEGER NOT NULL,
  window_end_at INTEGER NOT NULL
) STRICT;

CREATE INDEX facts_purchase ON facts (purchase) WHERE purchase IS NOT NULL;

-- Beside `facts`, so that the request's bytes don't spread over many pages what claims read.
CREATE TABLE placings (
  order_id INTEGER PRIMARY KEY REFERENCES orders (id),
  fingerprint TEXT NOT NULL,
  body TEXT
) STRICT;

CREATE TABLE credentials (
  order_id INTEGER PRIMARY KEY REFERENCES orders (id),
  name TEXT NOT NULL,
  value TEXT NOT NULL
) STRICT;

-- One line for everything that happened to an order: line number `line` of the change that made `version`.
-- Every poll writes here, so there is one B-tree and no foreign key.
CREATE TABLE journal (
  order_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  line INTEGER NOT NULL,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  call TEXT,
  said TEXT,
  note TEXT,
  took INTEGER,
  PRIMARY KEY (order_id, version, line)
) STRICT, WITHOUT ROWID;

-- Signed statements, byte for byte. Kept for ever.
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id INTEGER NOT NULL REFERENCES orders (id),
  source TEXT NOT NULL,
  request TEXT NOT NULL,
  status INTEGER NOT NULL,
  serial TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  nonce TEXT NOT NULL,
  signature TEXT NOT NULL,
  body TEXT NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;

CREATE INDEX evidence_order ON evidence (order_id);

CREATE TABLE verdicts (
  order_id INTEGER PRIMARY KEY REFERENCES orders (id),
  state TEXT NOT NULL,
  at INTEGER NOT NULL,
  learnt_by TEXT NOT NULL,
  transaction_id TEXT,
  success_time TEXT,
  evidence_id INTEGER REFERENCES evidence (id),
  -- No verdict without evidence. The one exception is an account that believes unsigned "no such order" answers.
  CHECK (evidence_id IS NOT NULL OR state = 'NOT_CREATED')
) STRICT;

CREATE TABLE platform_keys (
  account TEXT NOT NULL,
  serial TEXT NOT NULL,
  public_key TEXT NOT NULL,
  kept_at INTEGER NOT NULL,
  PRIMARY KEY (account, serial)
) STRICT, WITHOUT ROWID;
