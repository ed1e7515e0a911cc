-- A MAC over what a key's row says, under a secret that is not in the database; null until the row is sealed.
ALTER TABLE api_keys ADD COLUMN mac bytea;

-- One row, once the rows from before there were MACs are sealed: from then on a row without one is damaged.
CREATE TABLE key_seals (
  id           smallint PRIMARY KEY CHECK (id = 1),
  sealed_at_ms bigint NOT NULL
);
