-- Lists for people by what they share. The state changes seldom, the other columns never: no poll touches these.
CREATE INDEX orders_sorts ON orders (state, kind, account);
DROP INDEX orders_state;
CREATE INDEX orders_sub ON orders (sub_mchid);
CREATE INDEX facts_total ON facts (total);

-- All that are not sent, since most are.
CREATE INDEX deliveries_unsent ON deliveries (state) WHERE state <> 'sent';
DROP INDEX deliveries_failed;
