SET LOCAL lock_timeout = '5s';

DROP TABLE event.check_result;
DROP TABLE export.chunk;
DROP TABLE export.file;
DROP TYPE export.kind;
DROP SCHEMA export;
