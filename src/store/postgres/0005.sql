-- works from version 1

-- When one of the processes that share the database last heard a callback of an account's.
CREATE TABLE verdict.callbacks_heard (
  account text PRIMARY KEY,
  heard_at bigint NOT NULL
);
