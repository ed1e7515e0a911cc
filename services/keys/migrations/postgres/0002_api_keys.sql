-- API keys. tenant is '' for a principal's key; digest is null once the key is revoked: the row stays as a tombstone.
-- With all_permissions the key has what its owner has but the delegating ones, and `permissions` is empty.
CREATE TABLE api_keys (
  id                 text COLLATE "C" PRIMARY KEY,
  tenant             text COLLATE "C" NOT NULL,
  owner              text COLLATE "C" NOT NULL,
  name               text COLLATE "C" NOT NULL,
  last4              text COLLATE "C" NOT NULL,
  digest             bytea,
  pepper_version     bigint NOT NULL,
  all_permissions    smallint NOT NULL CHECK (all_permissions IN (0, 1)),
  permissions        text COLLATE "C" NOT NULL,
  all_workgroups     smallint NOT NULL CHECK (all_workgroups IN (0, 1)),
  generation         bigint NOT NULL CHECK (generation >= 1),
  created_at_ms      bigint NOT NULL,
  expires_at_ms      bigint NOT NULL,
  last_used_at_ms    bigint NOT NULL,
  last_sign_in_at_ms bigint NOT NULL,
  revoked_at_ms      bigint NOT NULL,
  revoke_reason      text COLLATE "C" NOT NULL,
  CHECK ((digest IS NULL) = (revoked_at_ms <> 0))
);
CREATE INDEX api_keys_by_owner ON api_keys (owner, id);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant, id);

CREATE TABLE api_key_workgroups (
  key_id    text COLLATE "C" NOT NULL REFERENCES api_keys (id),
  workgroup text COLLATE "C" NOT NULL REFERENCES workgroups (id),
  PRIMARY KEY (key_id, workgroup)
);
