-- When a tenant or user was deleted, 0: it is there. The row keeps the id from being anything else; name, domain and address are free again.
ALTER TABLE tenants ADD COLUMN deleted_at_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN deleted_at_ms bigint NOT NULL DEFAULT 0;
