-- Keys of other systems: which system, and how a key is found by what its owner shows. The tag is keyed; it stays
-- when the key is revoked, so that it is not imported again.
ALTER TABLE api_keys ADD COLUMN imported_from text NOT NULL DEFAULT '';

CREATE TABLE imported_keys (
  tag    blob PRIMARY KEY,
  key_id text NOT NULL UNIQUE REFERENCES api_keys (id)
);
