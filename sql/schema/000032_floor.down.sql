SET LOCAL lock_timeout = '5s';

DROP TABLE floor.missing_sequence;
DROP TABLE floor.journal;
DROP SCHEMA floor;
