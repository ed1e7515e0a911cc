-- Leases: the right of one worker to one credential for one job, kept by heartbeats, ended by whoever may.
CREATE TABLE lease (
	id               TEXT     NOT NULL PRIMARY KEY,
	tenant           TEXT     NOT NULL,
	owner            TEXT     NOT NULL,
	provider         TEXT     NOT NULL,
	credential       TEXT     NOT NULL,
	worker           TEXT     NOT NULL,
	job              TEXT     NOT NULL,
	granted_by       TEXT     NOT NULL,
	beat_ttl_ms      BIGINT   NOT NULL,
	created_at_ms    BIGINT   NOT NULL,
	heartbeat_at_ms  BIGINT   NOT NULL,
	expires_at_ms    BIGINT   NOT NULL,
	ended_at_ms      BIGINT   NOT NULL,
	ended_by         TEXT     NOT NULL
);
CREATE INDEX lease_by_credential ON lease (credential, ended_at_ms);
CREATE INDEX lease_by_expiry ON lease (expires_at_ms);
