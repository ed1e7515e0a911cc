-- Provider credentials, sealed under a key of their tenant, which is wrapped under the root key. Destroying a tenant's key destroys them.
CREATE TABLE tenant_key (
	tenant         TEXT     NOT NULL PRIMARY KEY,
	wrapped        BLOB     NOT NULL,
	kek            TEXT     NOT NULL,
	created_at_ms  BIGINT   NOT NULL
);

CREATE TABLE credential (
	id               TEXT     NOT NULL PRIMARY KEY,
	tenant           TEXT     NOT NULL REFERENCES tenant_key (tenant),
	owner            TEXT     NOT NULL,
	provider         TEXT     NOT NULL,
	label            TEXT     NOT NULL,
	hint             TEXT     NOT NULL,
	version          BIGINT   NOT NULL,
	sealed           BLOB     NOT NULL,
	created_at_ms    BIGINT   NOT NULL,
	expires_at_ms    BIGINT   NOT NULL,
	last_used_at_ms  BIGINT   NOT NULL
);
CREATE UNIQUE INDEX credential_one_per_provider ON credential (tenant, owner, provider);
