SELECT * FROM inventory.get_on_hand_as_of($item, NULL, '$instant'::timestamptz, 'occurred')
