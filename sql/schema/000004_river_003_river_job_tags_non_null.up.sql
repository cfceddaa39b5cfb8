-- River's version 3 (river job tags non null), written by `make river-migrations`. Code generated, DO NOT EDIT.

ALTER TABLE river.river_job ALTER COLUMN tags SET DEFAULT '{}';
UPDATE river.river_job SET tags = '{}' WHERE tags IS NULL;
ALTER TABLE river.river_job ALTER COLUMN tags SET NOT NULL;

INSERT INTO river.river_migration (version) VALUES (3);
