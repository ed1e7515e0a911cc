-- Rows are written unnumbered in the transaction of what they record; the sealer fills sequence and chain_hash.
CREATE TABLE audit_event (
  row_id INTEGER PRIMARY KEY,
  sequence BIGINT UNIQUE,
  chain_hash BLOB,
  id TEXT NOT NULL UNIQUE,
  at_ms BIGINT NOT NULL,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  actor_key TEXT NOT NULL,
  tenant TEXT NOT NULL,
  object TEXT NOT NULL,
  owner TEXT NOT NULL,
  purpose TEXT NOT NULL,
  request_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  CHECK ((sequence IS NULL) = (chain_hash IS NULL))
);

CREATE INDEX audit_event_unsealed ON audit_event (row_id) WHERE sequence IS NULL;
CREATE INDEX audit_event_by_tenant ON audit_event (tenant, row_id);

-- One row: where the chain ends.
CREATE TABLE audit_head (
  one SMALLINT PRIMARY KEY CHECK (one = 1),
  sequence BIGINT NOT NULL,
  chain_hash BLOB NOT NULL
);
