-- Signing keys: the public half in the clear, the private half wrapped under the root key; and tokens revoked before they expired.
CREATE TABLE signing_key (
	kid            text COLLATE "C" NOT NULL PRIMARY KEY,
	state          text COLLATE "C" NOT NULL CHECK (state IN ('published', 'active', 'retired', 'withdrawn')),
	public_x       bytea NOT NULL,
	public_y       bytea NOT NULL,
	wrapped        bytea,
	created_at_ms  bigint NOT NULL,
	changed_at_ms  bigint NOT NULL
);
CREATE UNIQUE INDEX signing_key_one_active ON signing_key (state) WHERE state = 'active';

CREATE TABLE revoked_token (
	token          text COLLATE "C" NOT NULL PRIMARY KEY,
	expires_at_ms  bigint NOT NULL,
	revoked_at_ms  bigint NOT NULL,
	revoked_by     text COLLATE "C" NOT NULL
);
CREATE INDEX revoked_token_expiry ON revoked_token (expires_at_ms);
