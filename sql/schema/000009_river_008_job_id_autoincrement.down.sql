-- River's version 8 (job id autoincrement), written by `make river-migrations`. Code generated, DO NOT EDIT.

-- No-op. Postgres sequences already prevent automatically generated job IDs
-- from being reused.
SELECT 1;

DELETE FROM river.river_migration WHERE line = 'main' AND version = 8;
