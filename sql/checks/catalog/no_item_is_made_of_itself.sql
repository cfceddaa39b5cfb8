-- No item is made of itself, over any number of levels.
WITH RECURSIVE below AS (
    SELECT b.item_id AS top_id, l.item_id
    FROM catalog.bill_of_material AS b
    JOIN catalog.bill_of_material_line AS l ON l.bill_of_material_id = b.id
    UNION
    SELECT o.top_id, l.item_id
    FROM below AS o
    JOIN catalog.bill_of_material AS b ON b.item_id = o.item_id
    JOIN catalog.bill_of_material_line AS l ON l.bill_of_material_id = b.id
)
SELECT i.number
FROM below AS o
JOIN catalog.item AS i ON i.id = o.top_id
WHERE o.top_id = o.item_id;
