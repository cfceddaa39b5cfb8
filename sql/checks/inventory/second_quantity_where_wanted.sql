-- A movement has a second quantity exactly if its item is measured twice.
SELECT m.id, m.item_id, m.second_quantity
FROM inventory.movement AS m
JOIN catalog.item AS i ON i.id = m.item_id
WHERE (m.second_quantity IS NULL) <> (i.second_unit_id IS NULL);
