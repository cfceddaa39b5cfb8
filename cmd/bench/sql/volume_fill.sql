SELECT bench.fill($1, $2)
