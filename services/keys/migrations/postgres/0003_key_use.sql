-- How often a key was used, through which service or principal, on which day (UTC, counted from 1970).
CREATE TABLE key_use (
  key_id          text COLLATE "C" NOT NULL,
  caller          text COLLATE "C" NOT NULL,
  day             bigint NOT NULL,
  uses            bigint NOT NULL,
  last_used_at_ms bigint NOT NULL,
  source_address  text COLLATE "C" NOT NULL,
  PRIMARY KEY (key_id, caller, day)
);
CREATE INDEX key_use_by_day ON key_use (day);
