-- Outcomes of writes that came with an idempotency key. The key itself is not stored: with it, hashes of a body could be guessed.
CREATE TABLE idempotency (
  scope BLOB PRIMARY KEY,
  body_hash BLOB NOT NULL,
  kind SMALLINT NOT NULL CHECK (kind BETWEEN 1 AND 3),
  outcome BLOB NOT NULL,
  expires_at_ms BIGINT NOT NULL
);

CREATE INDEX idempotency_by_expiry ON idempotency (expires_at_ms);
