SELECT a.status FROM purchasing.receive_goods($1::jsonb, $2::jsonb) AS a (status, body, is_replayed)
