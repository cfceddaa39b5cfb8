-- River's version 1 (create river migration), written by `make river-migrations`. Code generated, DO NOT EDIT.

DROP TABLE river.river_migration;
