-- A warehouse to post in: 10,000 items at 10 locations, 500,000,000 pieces of each, taken over as opening stock.
SELECT event.ensure_partitions(1);

INSERT INTO catalog.unit (code, name, scale) VALUES ('H87', 'piece', 0);
INSERT INTO catalog.reason (code, name, kind) VALUES ('BROKEN', 'Broken', 'scrap');
INSERT INTO catalog.site (code, name, country, currency, time_zone) VALUES ('BENCH', 'Bench', 'DE', 'EUR', 'UTC');
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, 'V-' || k.kind, k.kind::text, k.kind
FROM catalog.site AS s
CROSS JOIN unnest(enum_range('supplier'::catalog.location_kind, NULL)) AS k (kind);
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, 'L-' || lpad(n::text, 2, '0'), 'Shelf ' || n, 'storage'
FROM catalog.site AS s
CROSS JOIN generate_series(1, 10) AS n;
INSERT INTO catalog.item (number, name, base_unit_id)
SELECT 'I-' || lpad(n::text, 5, '0'), 'Item ' || n, u.id
FROM catalog.unit AS u
CROSS JOIN generate_series(1, 10000) AS n;

WITH place AS (
    SELECT i.id AS item_id, l.id AS location_id, o.id AS opening_id, nextval('inventory.movement_id') AS movement_id
    FROM catalog.item AS i
    JOIN catalog.location AS l ON l.kind = 'storage'
    JOIN catalog.location AS o ON o.kind = 'opening'
), posted AS (
    INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id,
        quantity, document_type, document_id, actor)
    SELECT p.movement_id, now(), now(), 'opening', p.item_id, 0, p.opening_id, p.location_id, 500000000, 'opening', p.movement_id, 'bench'
    FROM place AS p
)
INSERT INTO inventory.balance (item_id, location_id, lot_id, on_hand)
SELECT p.item_id, p.location_id, 0, 500000000
FROM place AS p
ORDER BY p.item_id, p.location_id;
