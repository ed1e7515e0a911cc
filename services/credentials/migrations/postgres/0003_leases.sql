-- Leases: the right of one worker to one credential for one job, kept by heartbeats, ended by whoever may.
CREATE TABLE lease (
	id               text COLLATE "C" NOT NULL PRIMARY KEY,
	tenant           text COLLATE "C" NOT NULL,
	owner            text COLLATE "C" NOT NULL,
	provider         text COLLATE "C" NOT NULL,
	credential       text COLLATE "C" NOT NULL,
	worker           text COLLATE "C" NOT NULL,
	job              text COLLATE "C" NOT NULL,
	granted_by       text COLLATE "C" NOT NULL,
	beat_ttl_ms      bigint NOT NULL,
	created_at_ms    bigint NOT NULL,
	heartbeat_at_ms  bigint NOT NULL,
	expires_at_ms    bigint NOT NULL,
	ended_at_ms      bigint NOT NULL,
	ended_by         text COLLATE "C" NOT NULL
);
CREATE INDEX lease_by_credential ON lease (credential, ended_at_ms);
CREATE INDEX lease_by_expiry ON lease (expires_at_ms);
