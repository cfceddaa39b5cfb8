-- River's version 3 (river job tags non null), written by `make river-migrations`. Code generated, DO NOT EDIT.

ALTER TABLE river.river_job
    ALTER COLUMN tags DROP NOT NULL,
    ALTER COLUMN tags DROP DEFAULT;

DELETE FROM river.river_migration WHERE version = 3;
