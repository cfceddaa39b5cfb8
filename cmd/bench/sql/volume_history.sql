SELECT inventory.list_movements('$number', NULL, NULL, 100)
