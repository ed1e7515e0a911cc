-- Roles of a tenant's own, and who has them; the built-in ones stand in user_roles. `permissions` is a scope.
CREATE TABLE roles (
  id            text COLLATE "C" PRIMARY KEY,
  tenant        text COLLATE "C" NOT NULL REFERENCES tenants (id),
  name          text COLLATE "C" NOT NULL,
  permissions   text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL,
  UNIQUE (tenant, name)
);

CREATE TABLE user_own_roles (
  user_id text COLLATE "C" NOT NULL REFERENCES users (id),
  role    text COLLATE "C" NOT NULL REFERENCES roles (id),
  PRIMARY KEY (user_id, role)
);
CREATE INDEX user_own_roles_by_role ON user_own_roles (role, user_id);

-- What a workgroup gives its members; and when it was deleted, 0: it is there. The row stays for the keys that were for it.
ALTER TABLE workgroups ADD COLUMN permissions text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE workgroups ADD COLUMN deleted_at_ms bigint NOT NULL DEFAULT 0;
