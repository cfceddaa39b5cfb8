-- Every key one movement and one answer, and the stock is what the movements left.
SELECT (SELECT count(*) FROM naive.movement) AS movements,
    (SELECT count(DISTINCT request_key) FROM naive.movement) AS keys,
    (SELECT count(*) FROM naive.request) AS requests,
    (SELECT 100000 * 500000000::numeric - sum(on_hand) FROM naive.stock) = coalesce((SELECT sum(quantity) FROM naive.movement), 0) AS is_balanced
