-- One row for each event, in the order of their commits; old ones are deleted, never the newest. A number is the next of a
-- counter whose row stays locked until the commit: so there are no gaps, and the order is that of the commits.
CREATE TABLE feed_counter (
  one smallint PRIMARY KEY CHECK (one = 1),
  last bigint NOT NULL
);
INSERT INTO feed_counter (one, last) VALUES (1, 0);

CREATE FUNCTION feed_next() RETURNS bigint LANGUAGE sql
AS 'UPDATE feed_counter SET last = last + 1 WHERE one = 1 RETURNING last';

CREATE TABLE feed_event (
  sequence bigint PRIMARY KEY DEFAULT feed_next(),
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  generation bigint NOT NULL,
  at_ms bigint NOT NULL
);
