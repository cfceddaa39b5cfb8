-- River's version 1 (create river migration), written by `make river-migrations`. Code generated, DO NOT EDIT.

CREATE TABLE river.river_migration(
  id bigserial PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT NOW(),
  version bigint NOT NULL,
  CONSTRAINT version CHECK (version >= 1)
);

CREATE UNIQUE INDEX ON river.river_migration USING btree(version);

INSERT INTO river.river_migration (version) VALUES (1);
