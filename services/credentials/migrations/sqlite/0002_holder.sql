-- Who holds the place at a provider: the owner, or '' for the whole tenant, where policy allows one for all of its users (external_unique_scope).
ALTER TABLE credential ADD COLUMN holder TEXT NOT NULL DEFAULT '';
UPDATE credential SET holder = owner;
CREATE UNIQUE INDEX credential_one_per_holder ON credential (tenant, holder, provider);
