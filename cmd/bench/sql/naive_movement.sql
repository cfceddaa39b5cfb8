INSERT INTO naive.movement (movement_type, item_id, lot_id, from_location_id, to_location_id, quantity, actor, request_key)
VALUES ('scrap', $1, 0, $2, 0, $3, $4, $5)
