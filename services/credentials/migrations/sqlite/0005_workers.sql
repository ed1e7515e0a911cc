-- Ed25519 keys of workers, whose fetches are then signed; and what was signed, so that it is taken once.
CREATE TABLE worker (
	id              TEXT     NOT NULL PRIMARY KEY,
	public_key      BLOB     NOT NULL,
	enrolled_by     TEXT     NOT NULL,
	enrolled_at_ms  BIGINT   NOT NULL
);

CREATE TABLE fetch_nonce (
	worker    TEXT     NOT NULL,
	nonce     BLOB     NOT NULL,
	until_ms  BIGINT   NOT NULL,
	PRIMARY KEY (worker, nonce)
);
CREATE INDEX fetch_nonce_by_end ON fetch_nonce (until_ms);
