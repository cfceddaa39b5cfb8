UPDATE naive.stock SET on_hand = on_hand - $3 WHERE item_id = $1 AND location_id = $2 AND lot_id = 0
