-- Signing keys: the public half in the clear, the private half wrapped under the root key; and tokens revoked before they expired.
CREATE TABLE signing_key (
	kid            TEXT     NOT NULL PRIMARY KEY,
	state          TEXT     NOT NULL CHECK (state IN ('published', 'active', 'retired', 'withdrawn')),
	public_x       BLOB     NOT NULL,
	public_y       BLOB     NOT NULL,
	wrapped        BLOB,
	created_at_ms  BIGINT   NOT NULL,
	changed_at_ms  BIGINT   NOT NULL
);
CREATE UNIQUE INDEX signing_key_one_active ON signing_key (state) WHERE state = 'active';

CREATE TABLE revoked_token (
	token          TEXT     NOT NULL PRIMARY KEY,
	expires_at_ms  BIGINT   NOT NULL,
	revoked_at_ms  BIGINT   NOT NULL,
	revoked_by     TEXT     NOT NULL
);
CREATE INDEX revoked_token_expiry ON revoked_token (expires_at_ms);
