UPDATE pgbench_branches SET bbalance = bbalance + $2 WHERE bid = $1
