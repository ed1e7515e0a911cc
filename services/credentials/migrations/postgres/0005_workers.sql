-- Ed25519 keys of workers, whose fetches are then signed; and what was signed, so that it is taken once.
CREATE TABLE worker (
	id              text COLLATE "C" NOT NULL PRIMARY KEY,
	public_key      bytea NOT NULL,
	enrolled_by     text COLLATE "C" NOT NULL,
	enrolled_at_ms  bigint NOT NULL
);

CREATE TABLE fetch_nonce (
	worker    text COLLATE "C" NOT NULL,
	nonce     bytea NOT NULL,
	until_ms  bigint NOT NULL,
	PRIMARY KEY (worker, nonce)
);
CREATE INDEX fetch_nonce_by_end ON fetch_nonce (until_ms);
