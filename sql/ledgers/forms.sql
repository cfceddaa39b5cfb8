-- How values are written as text, whatever the server, the database or the role prefers: seals are made of that. With row security
-- off a statement fails from which a row would be hidden.
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 3;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL row_security = {row_security};
SET LOCAL cursor_tuple_fraction = 1;
SET LOCAL work_mem = '64MB';
SET LOCAL jit = off;
SET LOCAL statement_timeout = 0;
