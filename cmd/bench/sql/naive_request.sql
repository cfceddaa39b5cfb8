INSERT INTO naive.request (key, status, body) VALUES ($1, 201, $2)
