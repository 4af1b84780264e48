-- works from version 1
-- beside what goes on

-- Lists for people by what they share: nothing for the polls of orders that wait, which lists find by their due times.
-- `+ 0`: the planner would else walk along the primary key where it takes for common what is rare or old.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_sorts
  ON verdict.orders (state, kind, account, (id + 0)) WHERE state <> 'waiting';
DROP INDEX CONCURRENTLY IF EXISTS verdict.orders_state;
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_sub ON verdict.orders (sub_mchid, (id + 0)) WHERE state <> 'waiting';
CREATE INDEX CONCURRENTLY IF NOT EXISTS facts_total ON verdict.facts (total, (order_id + 0));

-- All that are not sent, since most are.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deliveries_unsent ON verdict.deliveries (state, id) WHERE state <> 'sent';
DROP INDEX CONCURRENTLY IF EXISTS verdict.deliveries_failed;
