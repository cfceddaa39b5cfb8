-- The tables of pgbench's TPC-B, for machines whose Postgres came without pgbench.
CREATE TABLE pgbench_branches (bid integer NOT NULL, bbalance integer, filler character(88)) WITH (fillfactor = 100);
CREATE TABLE pgbench_tellers (tid integer NOT NULL, bid integer, tbalance integer, filler character(84)) WITH (fillfactor = 100);
CREATE TABLE pgbench_accounts (aid integer NOT NULL, bid integer, abalance integer, filler character(84)) WITH (fillfactor = 100);
CREATE TABLE pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler character(22));
INSERT INTO pgbench_branches SELECT b, 0, '' FROM generate_series(1, 100) AS b;
INSERT INTO pgbench_tellers SELECT t, (t - 1) / 10 + 1, 0, '' FROM generate_series(1, 1000) AS t;
INSERT INTO pgbench_accounts SELECT a, (a - 1) / 100000 + 1, 0, '' FROM generate_series(1, 10000000) AS a;
ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid);
ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid);
ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);
VACUUM ANALYZE pgbench_branches, pgbench_tellers, pgbench_accounts;
