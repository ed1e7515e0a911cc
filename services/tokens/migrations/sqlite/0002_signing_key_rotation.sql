-- Rotation: when a published key is going to be used, and a number that grows with every change of the keys.
ALTER TABLE signing_key ADD COLUMN activate_at_ms BIGINT NOT NULL DEFAULT 0;

CREATE TABLE signing_key_version (
	only_row  BIGINT  NOT NULL PRIMARY KEY CHECK (only_row = 1),
	version   BIGINT  NOT NULL
);
INSERT INTO signing_key_version (only_row, version) VALUES (1, 1);
