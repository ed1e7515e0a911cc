-- Accounts that were asked for and await an administrator. The id becomes the user's.
CREATE TABLE registrations (
  id            text COLLATE "C" PRIMARY KEY,
  tenant        text COLLATE "C" NOT NULL REFERENCES tenants (id),
  email         text COLLATE "C" NOT NULL,
  display_name  text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL,
  UNIQUE (tenant, email)
);
CREATE INDEX registrations_by_tenant ON registrations (tenant, id);

-- How often an account was asked for, whatever came of it: so each time something is written.
CREATE TABLE registration_asks (
  id    text COLLATE "C" PRIMARY KEY,
  asked bigint NOT NULL
);
INSERT INTO registration_asks (id, asked) VALUES ('all', 0);
