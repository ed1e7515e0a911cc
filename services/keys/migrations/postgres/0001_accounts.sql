-- Who exists: tenants with their policy, users, principals, workgroups; tickets and sessions that let people in.
-- Booleans are smallint 0/1, times bigint ms since 1970, 0 is "never" or "not yet".
CREATE TABLE tenants (
  id            text COLLATE "C" PRIMARY KEY,
  name          text COLLATE "C" NOT NULL UNIQUE,
  domain        text COLLATE "C" NOT NULL UNIQUE,
  profile       text COLLATE "C" NOT NULL,
  state         text COLLATE "C" NOT NULL CHECK (state IN ('active', 'suspended')),
  generation    bigint NOT NULL CHECK (generation >= 1),
  created_at_ms bigint NOT NULL
);

-- What a tenant changed of its profile; the rest is read from the profile.
CREATE TABLE tenant_policy (
  tenant text COLLATE "C" NOT NULL REFERENCES tenants (id),
  name   text COLLATE "C" NOT NULL,
  value  text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, name)
);

CREATE TABLE users (
  id                 text COLLATE "C" PRIMARY KEY,
  tenant             text COLLATE "C" NOT NULL REFERENCES tenants (id),
  email              text COLLATE "C" NOT NULL,
  display_name       text COLLATE "C" NOT NULL,
  kind               text COLLATE "C" NOT NULL CHECK (kind IN ('human', 'service')),
  state              text COLLATE "C" NOT NULL CHECK (state IN ('invited', 'active', 'disabled')),
  generation         bigint NOT NULL CHECK (generation >= 1),
  created_at_ms      bigint NOT NULL,
  last_sign_in_at_ms bigint NOT NULL,
  UNIQUE (tenant, email)
);
CREATE INDEX users_by_tenant ON users (tenant, id);

CREATE TABLE user_roles (
  user_id text COLLATE "C" NOT NULL REFERENCES users (id),
  role    text COLLATE "C" NOT NULL,
  PRIMARY KEY (user_id, role)
);

CREATE TABLE workgroups (
  id            text COLLATE "C" PRIMARY KEY,
  tenant        text COLLATE "C" NOT NULL REFERENCES tenants (id),
  name          text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL,
  UNIQUE (tenant, name)
);
CREATE INDEX workgroups_by_tenant ON workgroups (tenant, id);

CREATE TABLE workgroup_members (
  workgroup text COLLATE "C" NOT NULL REFERENCES workgroups (id),
  user_id   text COLLATE "C" NOT NULL REFERENCES users (id),
  is_admin  smallint NOT NULL CHECK (is_admin IN (0, 1)),
  PRIMARY KEY (workgroup, user_id)
);
CREATE INDEX workgroup_members_by_user ON workgroup_members (user_id, workgroup);

CREATE TABLE principals (
  id            text COLLATE "C" PRIMARY KEY,
  name          text COLLATE "C" NOT NULL UNIQUE,
  permissions   text COLLATE "C" NOT NULL,
  all_tenants   smallint NOT NULL CHECK (all_tenants IN (0, 1)),
  state         text COLLATE "C" NOT NULL CHECK (state IN ('active', 'disabled')),
  generation    bigint NOT NULL CHECK (generation >= 1),
  created_at_ms bigint NOT NULL
);

CREATE TABLE principal_tenants (
  principal text COLLATE "C" NOT NULL REFERENCES principals (id),
  tenant    text COLLATE "C" NOT NULL REFERENCES tenants (id),
  PRIMARY KEY (principal, tenant)
);

-- digest is null once the ticket was redeemed or replaced.
CREATE TABLE tickets (
  id             text COLLATE "C" PRIMARY KEY,
  tenant         text COLLATE "C" NOT NULL REFERENCES tenants (id),
  user_id        text COLLATE "C" NOT NULL REFERENCES users (id),
  digest         bytea,
  pepper_version bigint NOT NULL,
  created_at_ms  bigint NOT NULL,
  expires_at_ms  bigint NOT NULL,
  redeemed_at_ms bigint NOT NULL
);
CREATE INDEX tickets_by_user ON tickets (user_id, id);

-- digest is null once the session has ended.
CREATE TABLE sessions (
  id              text COLLATE "C" PRIMARY KEY,
  tenant          text COLLATE "C" NOT NULL REFERENCES tenants (id),
  user_id         text COLLATE "C" NOT NULL REFERENCES users (id),
  digest          bytea,
  pepper_version  bigint NOT NULL,
  generation      bigint NOT NULL CHECK (generation >= 1),
  created_at_ms   bigint NOT NULL,
  expires_at_ms   bigint NOT NULL,
  last_used_at_ms bigint NOT NULL,
  ended_at_ms     bigint NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
