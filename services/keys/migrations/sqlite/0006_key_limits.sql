-- From when a key is good, from which networks (CIDR by comma, '' for any), whether it is out of use and by whom, and
-- which key a rotation made in its place.
ALTER TABLE api_keys ADD COLUMN not_before_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN source_networks text NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN suspended_at_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN suspended_by text NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN replaced_by text NOT NULL DEFAULT '';
