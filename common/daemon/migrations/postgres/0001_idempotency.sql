-- Outcomes of writes that came with an idempotency key. The key itself is not stored: with it, hashes of a body could be guessed.
CREATE TABLE idempotency (
  scope bytea PRIMARY KEY,
  body_hash bytea NOT NULL,
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
  outcome bytea NOT NULL,
  expires_at_ms bigint NOT NULL
);

CREATE INDEX idempotency_by_expiry ON idempotency (expires_at_ms);
