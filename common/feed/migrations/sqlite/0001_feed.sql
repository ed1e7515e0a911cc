-- One row for each event, in the order of their commits; old ones are deleted, never the newest.
CREATE TABLE feed_event (
  sequence INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  generation BIGINT NOT NULL,
  at_ms BIGINT NOT NULL
);
