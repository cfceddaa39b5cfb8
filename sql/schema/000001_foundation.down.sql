SET LOCAL lock_timeout = '5s';

DROP SCHEMA audit CASCADE;
DROP SCHEMA event CASCADE;
DROP SCHEMA document;
DROP SCHEMA costing;
DROP SCHEMA billing;
DROP SCHEMA shipping;
DROP SCHEMA sales;
DROP SCHEMA production;
DROP SCHEMA purchasing;
DROP SCHEMA inventory;
DROP SCHEMA catalog;
DROP SCHEMA river;
DROP EXTENSION btree_gist;
