-- Accounts that were asked for and await an administrator. The id becomes the user's.
CREATE TABLE registrations (
  id            text PRIMARY KEY,
  tenant        text NOT NULL REFERENCES tenants (id),
  email         text NOT NULL,
  display_name  text NOT NULL,
  created_at_ms bigint NOT NULL,
  UNIQUE (tenant, email)
);
CREATE INDEX registrations_by_tenant ON registrations (tenant, id);

-- How often an account was asked for, whatever came of it: so each time something is written.
CREATE TABLE registration_asks (
  id    text PRIMARY KEY,
  asked bigint NOT NULL
);
INSERT INTO registration_asks (id, asked) VALUES ('all', 0);
