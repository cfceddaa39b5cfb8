UPDATE pgbench_accounts SET abalance = abalance + $2 WHERE aid = $1
