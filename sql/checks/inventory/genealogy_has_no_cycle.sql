-- No lot was made from itself, over however many steps.
WITH RECURSIVE walk AS (
    SELECT g.parent_lot_id AS start_lot_id, g.child_lot_id FROM inventory.genealogy AS g
    UNION
    SELECT w.start_lot_id, g.child_lot_id FROM walk AS w JOIN inventory.genealogy AS g ON g.parent_lot_id = w.child_lot_id
)
SELECT w.start_lot_id FROM walk AS w WHERE w.child_lot_id = w.start_lot_id;
