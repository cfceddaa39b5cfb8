-- River's version 8 (job id autoincrement), written by `make river-migrations`. Code generated, DO NOT EDIT.

-- No-op. Postgres sequences already prevent automatically generated job IDs
-- from being reused.
SELECT 1;

INSERT INTO river.river_migration (line, version) VALUES ('main', 8);
