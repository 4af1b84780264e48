-- Everything lies in a schema of its own, so that Verdict can share a database with its user's system. No foreign keys:
-- what belongs to an order is written in the statement that writes the order, and old orders are moved out without one.

-- What every poll rewrites. Narrow on purpose. Its row number grows in the sequence of entering, so that orders due
-- together lie together.
CREATE TABLE verdict.orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account text NOT NULL,
  sub_mchid text NOT NULL, -- '' in common mode: NULLs would not collide in the unique index
  out_trade_no text NOT NULL,
  kind text NOT NULL,
  state text NOT NULL,
  till smallint NOT NULL, -- isAtTheTill(order): claimed first
  due_at bigint, -- NULL once nothing is to be done about it any more
  version bigint NOT NULL,
  queries integer NOT NULL,
  silence integer NOT NULL,
  seen text,
  placings integer NOT NULL,
  latest_placing_at bigint NOT NULL,
  declined smallint NOT NULL,
  unknown_at bigint,
  given_up_at bigint,
  attention text,
  ending_phase text,
  ending_calls integer,
  ending_confirmations integer,
  revoke_in_flight_at bigint,
  revoke_unanswered_at bigint,
  revoke_accepted smallint,
  -- Who works on it, and until when. In no index: a claim changes no index entry.
  worker text,
  claimed_until bigint,
  -- No order is forgotten. Open orders, which every poll rewrites, pass at the first word.
  CONSTRAINT no_order_is_forgotten
    CHECK (due_at IS NOT NULL OR state IN ('SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

-- One index serves two questions: is this key taken, and which orders bear this number.
CREATE UNIQUE INDEX orders_key ON verdict.orders (out_trade_no, account, sub_mchid);

-- The order's row is its timer.
CREATE INDEX orders_due ON verdict.orders (account, till, due_at, id) WHERE due_at IS NOT NULL;

-- Written once, when the order enters; read with every claim.
CREATE TABLE verdict.facts (
  order_id bigint PRIMARY KEY,
  total bigint NOT NULL,
  currency text NOT NULL,
  origin text NOT NULL,
  may_end smallint NOT NULL,
  purchase text,
  created_at bigint NOT NULL,
  window_end_at bigint NOT NULL
);

CREATE INDEX facts_purchase ON verdict.facts (purchase) WHERE purchase IS NOT NULL;

-- Beside `facts`, so that the request's bytes don't spread over many pages what claims read.
CREATE TABLE verdict.placings (
  order_id bigint PRIMARY KEY,
  fingerprint text NOT NULL,
  body text
);

CREATE TABLE verdict.credentials (
  order_id bigint PRIMARY KEY,
  name text NOT NULL,
  value text NOT NULL
);

-- One line for everything that happened to an order: line number `line` of the change that made `version`.
CREATE TABLE verdict.journal (
  order_id bigint NOT NULL,
  version bigint NOT NULL,
  line integer NOT NULL,
  at bigint NOT NULL,
  event text NOT NULL,
  call text,
  said text,
  note text,
  took bigint,
  PRIMARY KEY (order_id, version, line)
);

-- Signed statements, byte for byte: number `nth` of the change that made `version`. Kept for ever.
CREATE TABLE verdict.evidence (
  order_id bigint NOT NULL,
  version bigint NOT NULL,
  nth integer NOT NULL,
  source text NOT NULL,
  request text NOT NULL,
  status integer NOT NULL,
  serial text NOT NULL,
  timestamp text NOT NULL,
  nonce text NOT NULL,
  signature text NOT NULL,
  body text NOT NULL,
  received_at bigint NOT NULL,
  PRIMARY KEY (order_id, version, nth)
);

CREATE TABLE verdict.verdicts (
  order_id bigint PRIMARY KEY,
  state text NOT NULL,
  at bigint NOT NULL,
  learnt_by text NOT NULL,
  transaction_id text,
  success_time text,
  evidence_version bigint,
  evidence_nth integer,
  -- No verdict without evidence. The one exception is an account that believes unsigned "no such order" answers.
  CONSTRAINT no_verdict_without_evidence
    CHECK ((evidence_version IS NOT NULL AND evidence_nth IS NOT NULL) OR state = 'NOT_CREATED')
);

CREATE TABLE verdict.platform_keys (
  account text NOT NULL,
  serial text NOT NULL,
  public_key text NOT NULL,
  kept_at bigint NOT NULL,
  PRIMARY KEY (account, serial)
);

-- What may follow a verdict. An order's row stays its timer: `orders.due_at` of a final order is the earliest moment at
-- which something is to be done about its refunds or its late money.
CREATE TABLE verdict.aftercare (
  order_id bigint PRIMARY KEY,
  compare_at bigint,
  late_phase text, -- NULL: no late money
  late_learnt_at bigint,
  late_transaction_id text,
  late_success_time text,
  late_due_at bigint,
  late_questions integer,
  late_confirmed_at bigint
);

-- Written under the order's version, so that two refunds never take the same money.
CREATE TABLE verdict.refunds (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id bigint NOT NULL,
  out_refund_no text NOT NULL,
  key text, -- the caller's idempotency key; NULL: made elsewhere
  origin text NOT NULL,
  amount bigint NOT NULL,
  reason text,
  created_at bigint NOT NULL,
  state text NOT NULL,
  due_at bigint,
  attempts integer NOT NULL,
  sent_at bigint,
  unanswered_at bigint,
  pauses integer NOT NULL,
  said text,
  refund_id text,
  success_time text,
  -- What we asked for has a due time until it is final.
  CONSTRAINT no_refund_is_forgotten
    CHECK (due_at IS NOT NULL OR origin = 'elsewhere' OR state IN ('SUCCESS', 'CLOSED', 'REFUSED')),
  CONSTRAINT a_refund_is_about_money CHECK (amount > 0)
);

CREATE UNIQUE INDEX refunds_number ON verdict.refunds (order_id, out_refund_no);

-- What the merchant's system is told, written with the change that it tells of. `due_at` stands on the first of an
-- order's unfinished ones for a target; the others are `queued` behind it, so a claim reads no row in vain.
CREATE TABLE verdict.deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id bigint NOT NULL,
  target text NOT NULL,
  message_id text NOT NULL,
  type text NOT NULL,
  payload text NOT NULL,
  state text NOT NULL, -- queued, pending, sent, failed
  due_at bigint,
  attempts integer NOT NULL,
  first_at bigint, -- the first attempt since it was written or sent again
  done_at bigint,
  why text, -- why the last attempt failed
  created_at bigint NOT NULL,
  worker text,
  claimed_until bigint,
  CONSTRAINT only_what_is_pending_is_due CHECK ((due_at IS NOT NULL) = (state = 'pending'))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX deliveries_due ON verdict.deliveries (target, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_order ON verdict.deliveries (order_id, target);
CREATE INDEX deliveries_failed ON verdict.deliveries (id) WHERE state = 'failed';

-- Verified callbacks about orders that we don't have: they may have overtaken our own commit.
CREATE TABLE verdict.strays (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account text NOT NULL,
  sub_mchid text NOT NULL,
  out_trade_no text NOT NULL,
  event_id text NOT NULL,
  about text NOT NULL, -- payment, refund
  statement text NOT NULL, -- what the callback says, without personal data
  told_at bigint, -- when somebody was told that nobody claims it
  source text NOT NULL,
  request text NOT NULL,
  status integer NOT NULL,
  serial text NOT NULL,
  timestamp text NOT NULL,
  nonce text NOT NULL,
  signature text NOT NULL,
  body text NOT NULL,
  received_at bigint NOT NULL
);

CREATE UNIQUE INDEX strays_event ON verdict.strays (account, event_id);
CREATE INDEX strays_key ON verdict.strays (out_trade_no, account, sub_mchid);
CREATE INDEX strays_untold ON verdict.strays (id) WHERE told_at IS NULL;

-- The processes that work here. Moments are the database's own: nobody's clock decides who lives.
CREATE TABLE verdict.workers (
  name text PRIMARY KEY,
  beat_at bigint NOT NULL,
  holds jsonb NOT NULL, -- by budget: what it may use of it, 0 to 1
  wants jsonb NOT NULL  -- by budget: what it could use
);

-- One heartbeat: tells that `who` lives, what it holds of each budget and what it wants, and grants what is free. Grants
-- never add up to more than the whole: what somebody holds counts until he tells that he holds less, or is dead. One
-- call, so that nobody who may be stopped meanwhile keeps the lock.
CREATE FUNCTION verdict.beat(who text, its_holds jsonb, its_wants jsonb, dead_ms bigint)
RETURNS TABLE (now_ms bigint, granted jsonb, dead text[]) LANGUAGE plpgsql AS $$
DECLARE
  at_ms bigint;
  grants jsonb;
  reserved jsonb;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('verdict.workers', 0));
  at_ms := floor(extract(epoch FROM clock_timestamp()) * 1000);
  DELETE FROM verdict.workers w WHERE w.beat_at < at_ms - 3600000;
  WITH others AS (
    SELECT budget.key, sum(budget.value::float8) AS held, sum((w.wants ->> budget.key)::float8) AS wanted
    FROM verdict.workers w, jsonb_each_text(w.holds) AS budget
    WHERE w.name <> who AND w.beat_at >= at_ms - dead_ms GROUP BY budget.key
  ), asked AS (
    SELECT want.key, coalesce((its_holds ->> want.key)::float8, 0) AS held,
      least(want.value::float8 / greatest(coalesce(others.wanted, 0) + want.value::float8, 1e-9),
            1 - coalesce(others.held, 0)) AS free
    FROM jsonb_each_text(its_wants) AS want LEFT JOIN others USING (key)
  )
  SELECT coalesce(jsonb_object_agg(key, greatest(free, 0)), '{}'),
         coalesce(jsonb_object_agg(key, greatest(free, held, 0)), '{}')
    INTO grants, reserved FROM asked;
  INSERT INTO verdict.workers AS w (name, beat_at, holds, wants) VALUES (who, at_ms, reserved, its_wants)
    ON CONFLICT (name) DO UPDATE SET beat_at = excluded.beat_at, holds = excluded.holds, wants = excluded.wants;
  RETURN QUERY SELECT at_ms, grants,
    ARRAY(SELECT w.name FROM verdict.workers w WHERE w.beat_at < at_ms - dead_ms);
END $$;
