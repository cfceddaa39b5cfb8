SET LOCAL lock_timeout = '5s';

DROP TABLE document.file;
DROP TYPE document.kind;
