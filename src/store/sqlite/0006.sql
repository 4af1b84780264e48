-- What was held against WeChat Pay's bills, day by day. No `tries`: only because somebody asked.
CREATE TABLE reconciliations (
  id INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  -- Empty: of all the account's orders.
  sub_mchid TEXT NOT NULL,
  -- A calendar day of Beijing, as 2026-06-08.
  day TEXT NOT NULL,
  -- In a row, and for nothing.
  tries INTEGER,
  finds INTEGER NOT NULL,
  tried_at INTEGER,
  failure TEXT,
  -- JSON: what the latest one found that came to something, and its differences, which may be long.
  found TEXT,
  differences TEXT,
  found_at INTEGER,
  -- Who is at it, and until when.
  worker TEXT,
  claimed_until INTEGER,
  UNIQUE (account, sub_mchid, day)
) STRICT;

CREATE INDEX reconciliations_day ON reconciliations (day, id);
