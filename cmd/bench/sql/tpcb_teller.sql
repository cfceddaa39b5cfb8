UPDATE pgbench_tellers SET tbalance = tbalance + $2 WHERE tid = $1
