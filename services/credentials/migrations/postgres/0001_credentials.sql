-- Provider credentials, sealed under a key of their tenant, which is wrapped under the root key. Destroying a tenant's key destroys them.
CREATE TABLE tenant_key (
	tenant         text COLLATE "C" NOT NULL PRIMARY KEY,
	wrapped        bytea NOT NULL,
	kek            text COLLATE "C" NOT NULL,
	created_at_ms  bigint NOT NULL
);

CREATE TABLE credential (
	id               text COLLATE "C" NOT NULL PRIMARY KEY,
	tenant           text COLLATE "C" NOT NULL REFERENCES tenant_key (tenant),
	owner            text COLLATE "C" NOT NULL,
	provider         text COLLATE "C" NOT NULL,
	label            text COLLATE "C" NOT NULL,
	hint             text COLLATE "C" NOT NULL,
	version          bigint NOT NULL,
	sealed           bytea NOT NULL,
	created_at_ms    bigint NOT NULL,
	expires_at_ms    bigint NOT NULL,
	last_used_at_ms  bigint NOT NULL
);
CREATE UNIQUE INDEX credential_one_per_provider ON credential (tenant, owner, provider);
