-- Work in process of every order is what its movements and its reported time say: material in, time in, goods out.
SELECT w.work_order_id, w.material_value, m.material AS costed_material, w.absorbed_value, m.absorbed AS costed_absorbed,
    w.labour_value, t.labour AS costed_labour
FROM costing.work_order_cost AS w
LEFT JOIN (
    SELECT c.work_order_id,
        -sum(c.value + c.variance) FILTER (WHERE coalesce(o.movement_type, c.movement_type) IN ('issue', 'material_return')) AS material,
        sum(c.value + c.variance) FILTER (WHERE coalesce(o.movement_type, c.movement_type) = 'production') AS absorbed
    FROM costing.movement_cost AS c
    LEFT JOIN inventory.reversal AS r ON r.movement_id = c.movement_id
    LEFT JOIN costing.movement_cost AS o ON o.movement_id = r.reversed_movement_id
    WHERE c.work_order_id IS NOT NULL
    GROUP BY c.work_order_id
) AS m ON m.work_order_id = w.work_order_id
LEFT JOIN (
    SELECT l.work_order_id, sum(l.value + l.machine_value) AS labour
    FROM costing.labour_cost AS l
    GROUP BY l.work_order_id
) AS t ON t.work_order_id = w.work_order_id
WHERE w.material_value <> coalesce(m.material, 0)
   OR w.absorbed_value <> coalesce(m.absorbed, 0)
   OR w.labour_value <> coalesce(t.labour, 0);
