-- River's version 2 (initial schema), written by `make river-migrations`. Code generated, DO NOT EDIT.

DROP TABLE river.river_job;
DROP FUNCTION river.river_job_notify;
DROP TYPE river.river_job_state;

DROP TABLE river.river_leader;

DELETE FROM river.river_migration WHERE version = 2;
