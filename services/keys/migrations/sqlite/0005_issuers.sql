-- OpenID issuers that a tenant trusts, with their key sets, and which of their subjects is which user.
CREATE TABLE trusted_issuers (
  tenant        text NOT NULL REFERENCES tenants (id),
  issuer        text NOT NULL,
  audience      text NOT NULL,
  jwks          text NOT NULL,
  created_at_ms bigint NOT NULL,
  PRIMARY KEY (tenant, issuer)
);

CREATE TABLE linked_subjects (
  tenant  text NOT NULL REFERENCES tenants (id),
  issuer  text NOT NULL,
  subject text NOT NULL,
  user_id text NOT NULL REFERENCES users (id),
  PRIMARY KEY (tenant, issuer, subject)
);
CREATE INDEX linked_subjects_by_user ON linked_subjects (user_id);
