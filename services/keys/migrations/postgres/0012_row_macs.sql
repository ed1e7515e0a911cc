-- A MAC over each row that decides about rights, with the rows that belong to it, under a secret that is not in the
-- database: which version of that secret, and how often the row was sealed. Null until it is.
ALTER TABLE tenants ADD COLUMN mac bytea;
ALTER TABLE tenants ADD COLUMN mac_pepper bigint NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN mac_version bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN mac bytea;
ALTER TABLE users ADD COLUMN mac_pepper bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN mac_version bigint NOT NULL DEFAULT 0;
ALTER TABLE roles ADD COLUMN mac bytea;
ALTER TABLE roles ADD COLUMN mac_pepper bigint NOT NULL DEFAULT 0;
ALTER TABLE roles ADD COLUMN mac_version bigint NOT NULL DEFAULT 0;
ALTER TABLE workgroups ADD COLUMN mac bytea;
ALTER TABLE workgroups ADD COLUMN mac_pepper bigint NOT NULL DEFAULT 0;
ALTER TABLE workgroups ADD COLUMN mac_version bigint NOT NULL DEFAULT 0;
ALTER TABLE principals ADD COLUMN mac bytea;
ALTER TABLE principals ADD COLUMN mac_pepper bigint NOT NULL DEFAULT 0;
ALTER TABLE principals ADD COLUMN mac_version bigint NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN mac bytea;
ALTER TABLE sessions ADD COLUMN mac_pepper bigint NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN mac_version bigint NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN mac bytea;
ALTER TABLE tickets ADD COLUMN mac_pepper bigint NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN mac_version bigint NOT NULL DEFAULT 0;

-- One row, once the rows from before there were MACs are sealed: from then on a row without one is damaged.
CREATE TABLE row_seals (
  id           smallint PRIMARY KEY CHECK (id = 1),
  sealed_at_ms bigint NOT NULL
);
