-- The movements of an inspection have its quantities and weights, and are reversed exactly if it is.
SELECT n.id AS inspection_id, n.accepted_quantity, a.quantity AS put_away, n.rejected_quantity, j.quantity AS moved_to_rejected
FROM purchasing.inspection AS n
JOIN purchasing.goods_receipt_line AS l ON l.id = n.goods_receipt_line_id
LEFT JOIN inventory.movement AS a ON a.id = n.accepted_movement_id
LEFT JOIN inventory.movement AS j ON j.id = n.rejected_movement_id
WHERE (least(n.accepted_movement_id, n.rejected_movement_id) < inventory.oldest_movement_id()) IS NOT TRUE AND (
   (n.accepted_movement_id IS NOT NULL AND (a.quantity, a.second_quantity) IS DISTINCT FROM (n.accepted_quantity, n.accepted_second_quantity))
   OR (n.rejected_quantity > 0 AND (j.quantity, j.second_quantity) IS DISTINCT FROM (n.rejected_quantity, n.rejected_second_quantity))
   OR (l.lot_id = 0 AND n.accepted_quantity > 0 AND n.accepted_movement_id IS NULL)
   OR EXISTS (
        SELECT
        FROM (VALUES (n.accepted_movement_id), (n.rejected_movement_id)) AS v (id)
        WHERE v.id IS NOT NULL
          AND n.is_reversed <> EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = v.id)));
