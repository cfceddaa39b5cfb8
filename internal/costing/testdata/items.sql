-- One set of items: two materials and one product of them, whose costing methods are the parameters.
WITH item AS (
    INSERT INTO catalog.item (number, name, base_unit_id, costing_method, is_purchased, is_manufactured, is_sold, standard_cost, default_location_id)
    SELECT v.number, v.number, u.id, v.method::catalog.costing_method, true, v.number LIKE '%-P', true, v.standard_cost, c.id
    FROM (VALUES ($1 || '-M', 'KGM', $2, CASE WHEN $2 = 'standard' THEN 3.141593 END), ($1 || '-N', 'H87', $3, 2.345678), ($1 || '-P', 'H87', $4, 7)) AS v (number, unit, method, standard_cost)
    JOIN catalog.unit AS u ON u.code = v.unit
    JOIN catalog.location AS c ON c.code = 'A'
    RETURNING id, number
), unit AS (
    INSERT INTO catalog.item_unit (item_id, unit_id, numerator, denominator)
    SELECT i.id, u.id, 12, 1 FROM item AS i, catalog.unit AS u WHERE i.number = $1 || '-N' AND u.code = 'XBX'
), bill AS (
    INSERT INTO catalog.bill_of_material (item_id, revision, valid_during, base_quantity)
    SELECT i.id, '1', daterange(NULL, NULL), 10 FROM item AS i WHERE i.number = $1 || '-P'
    RETURNING id
), line AS (
    -- The first is issued by scan, the second by backflush.
    INSERT INTO catalog.bill_of_material_line (bill_of_material_id, line_number, item_id, quantity, is_backflushed)
    SELECT b.id, v.line, i.id, v.quantity, v.line = 2
    FROM bill AS b, (VALUES (1, '-M', 3.5), (2, '-N', 20)) AS v (line, suffix, quantity)
    JOIN item AS i ON i.number = $1 || v.suffix
)
INSERT INTO catalog.routing_operation (item_id, sequence, name, work_center_id, run_minutes)
SELECT i.id, 10, 'Press', w.id, 1 FROM item AS i, catalog.work_center AS w WHERE i.number = $1 || '-P' AND w.code = 'PRESS';
