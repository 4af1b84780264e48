-- works from version 1

-- What was held against WeChat Pay's bills, day by day. No `tries`: only because somebody asked.
CREATE TABLE verdict.reconciliations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account text NOT NULL,
  -- Empty: of all the account's orders.
  sub_mchid text NOT NULL,
  -- A calendar day of Beijing, as 2026-06-08.
  day text NOT NULL,
  -- In a row, and for nothing.
  tries bigint,
  finds bigint NOT NULL,
  tried_at bigint,
  failure text,
  -- JSON: what the latest one found that came to something, and its differences, which may be long.
  found text,
  differences text,
  found_at bigint,
  -- Who is at it, and until when.
  worker text,
  claimed_until bigint,
  UNIQUE (account, sub_mchid, day)
);

CREATE INDEX reconciliations_day ON verdict.reconciliations (day, id);
