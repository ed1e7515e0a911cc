-- Root keys: which one wraps new tenant keys, which ones still have some, and a proof that each is the key that it was.
CREATE TABLE kek (
	id             TEXT    NOT NULL PRIMARY KEY,
	state          TEXT    NOT NULL CHECK (state IN ('pending', 'active', 'draining', 'retired')),
	proof          BLOB    NOT NULL,
	created_at_ms  BIGINT  NOT NULL,
	changed_at_ms  BIGINT  NOT NULL
);
CREATE UNIQUE INDEX kek_one_active ON kek (state) WHERE state = 'active';
CREATE INDEX tenant_key_by_kek ON tenant_key (kek);
