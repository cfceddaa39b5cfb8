INSERT INTO naive.outbox (topic, payload) VALUES ('movement.posted', $1)
