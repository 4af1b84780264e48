-- What may follow a verdict. An order's row stays its timer: `orders.due_at` of a final order is the earliest moment at
-- which something is to be done about its refunds or its late money.
CREATE TABLE aftercare (
  order_id INTEGER PRIMARY KEY REFERENCES orders (id),
  compare_at INTEGER,
  late_phase TEXT, -- NULL: no late money
  late_learnt_at INTEGER,
  late_transaction_id TEXT,
  late_success_time TEXT,
  late_due_at INTEGER,
  late_questions INTEGER,
  late_confirmed_at INTEGER
) STRICT;

-- Written under the order's version, so that two refunds never take the same money.
CREATE TABLE refunds (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id INTEGER NOT NULL REFERENCES orders (id),
  out_refund_no TEXT NOT NULL,
  key TEXT, -- the caller's idempotency key; NULL: made elsewhere
  origin TEXT NOT NULL,
  amount INTEGER NOT NULL,
  reason TEXT,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  due_at INTEGER,
  attempts INTEGER NOT NULL,
  sent_at INTEGER,
  unanswered_at INTEGER,
  pauses INTEGER NOT NULL,
  said TEXT,
  refund_id TEXT,
  success_time TEXT,
  -- No refund is forgotten: what we asked for has a due time until it is final.
  CHECK (due_at IS NOT NULL OR origin = 'elsewhere' OR state IN ('SUCCESS', 'CLOSED', 'REFUSED')),
  CHECK (amount > 0)
) STRICT;

CREATE UNIQUE INDEX refunds_number ON refunds (order_id, out_refund_no);

-- What the merchant's system is told, written with the change that it tells of. `due_at` stands on the first of an
-- order's unfinished ones for a target; the others are `queued` behind it, so a claim reads no row in vain.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id INTEGER NOT NULL REFERENCES orders (id),
  target TEXT NOT NULL,
  message_id TEXT NOT NULL,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  state TEXT NOT NULL, -- queued, pending, sent, failed
  due_at INTEGER,
  attempts INTEGER NOT NULL,
  first_at INTEGER, -- the first attempt since it was written or sent again
  done_at INTEGER,
  why TEXT, -- why the last attempt failed
  created_at INTEGER NOT NULL,
  CHECK ((due_at IS NOT NULL) = (state = 'pending'))
) STRICT;

CREATE INDEX deliveries_due ON deliveries (target, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_order ON deliveries (order_id, target);
CREATE INDEX deliveries_failed ON deliveries (id) WHERE state = 'failed';

-- Verified callbacks about orders that we don't have: they may have overtaken our own commit.
CREATE TABLE strays (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  sub_mchid TEXT NOT NULL,
  out_trade_no TEXT NOT NULL,
  event_id TEXT NOT NULL,
  about TEXT NOT NULL, -- payment, refund
  statement TEXT NOT NULL, -- what the callback says, without personal data
  told_at INTEGER, -- when somebody was told that nobody claims it
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

CREATE UNIQUE INDEX strays_event ON strays (account, event_id);
CREATE INDEX strays_key ON strays (out_trade_no, account, sub_mchid);
CREATE INDEX strays_untold ON strays (id) WHERE told_at IS NULL;
