-- A plant that makes: CRATE (by lot) of resin and masterbatch by backflush and an insert that is scanned; BODY in two operations
-- without lots; LID by serial number; FRAME, which has no bill of material.
INSERT INTO catalog.site (code, name, country, currency, time_zone) VALUES ('P1', 'Plant one', 'DE', 'EUR', 'Europe/Berlin'), ('P2', 'Plant two', 'DE', 'EUR', 'Europe/Berlin');
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, CASE s.code WHEN 'P1' THEN '' ELSE 'P2-' END || l.code, l.code, l.kind::catalog.location_kind
FROM catalog.site AS s, (VALUES
    ('RAW', 'storage'), ('LINE', 'storage'), ('FIN', 'storage'), ('Q', 'quarantine'), ('R', 'rejected'), ('S', 'staging'),
    ('V-SUPPLIER', 'supplier'), ('V-CUSTOMER', 'customer'), ('V-PRODUCTION', 'production'), ('V-SCRAP', 'scrap'),
    ('V-COUNT', 'count_difference'), ('V-OPENING', 'opening'), ('V-TRANSIT', 'transit')) AS l (code, kind);
INSERT INTO catalog.unit (code, name, scale) VALUES ('H87', 'piece', 0), ('KGM', 'kilogram', 3), ('GRM', 'gram', 0), ('XBX', 'box', 0);
INSERT INTO catalog.item (number, name, base_unit_id, tracking, is_manufactured, is_inspected, shelf_life_days, default_location_id, gtin)
SELECT i.number, i.number, u.id, i.tracking::catalog.tracking, i.is_manufactured, false, i.shelf_life_days, c.id, i.gtin
FROM (VALUES
    ('RESIN', 'KGM', 'lot', false, NULL, NULL, NULL), ('BATCH', 'GRM', 'lot', false, NULL, 'RAW', NULL), ('BOLT', 'H87', 'none', false, NULL, NULL, '04012345000016'),
    ('INSERT', 'H87', 'lot', false, NULL, 'RAW', NULL), ('CRATE', 'H87', 'lot', true, 100, NULL, NULL), ('BODY', 'H87', 'none', true, NULL, NULL, NULL),
    ('LID', 'H87', 'serial', true, NULL, NULL, NULL), ('FRAME', 'H87', 'none', true, NULL, NULL, NULL), ('LABEL', 'H87', 'none', false, NULL, NULL, NULL))
    AS i (number, unit, tracking, is_manufactured, shelf_life_days, location, gtin)
JOIN catalog.unit AS u ON u.code = i.unit
LEFT JOIN catalog.location AS c ON c.code = i.location;
INSERT INTO catalog.item_unit (item_id, unit_id, numerator, denominator, gtin)
SELECT i.id, u.id, v.numerator, v.denominator, v.gtin
FROM (VALUES ('BOLT', 'XBX', 250, 1, '14012345000013'), ('RESIN', 'GRM', 1, 1000, NULL), ('CRATE', 'XBX', 10, 1, NULL)) AS v (item, unit, numerator, denominator, gtin)
JOIN catalog.item AS i ON i.number = v.item
JOIN catalog.unit AS u ON u.code = v.unit;
INSERT INTO catalog.work_center (site_id, code, name, supply_location_id, output_location_id, hourly_rate)
SELECT s.id, w.code, w.code, a.id, b.id, 60
FROM (VALUES ('M1', 'P1', 'LINE', 'FIN'), ('M2', 'P1', 'LINE', 'FIN'), ('M9', 'P2', 'P2-LINE', 'P2-FIN')) AS w (code, site, supply, output)
JOIN catalog.site AS s ON s.code = w.site
JOIN catalog.location AS a ON a.code = w.supply
JOIN catalog.location AS b ON b.code = w.output;
INSERT INTO catalog.bill_of_material (item_id, revision, valid_during, base_quantity)
SELECT i.id, v.revision, v.valid::daterange, v.base
FROM (VALUES ('CRATE', 'A', '[2020-01-01,2026-01-01)', 100), ('CRATE', 'B', '[2026-01-01,)', 100), ('BODY', 'A', '[2020-01-01,)', 1), ('LID', 'A', '[2020-01-01,)', 1)) AS v (item, revision, valid, base)
JOIN catalog.item AS i ON i.number = v.item;
INSERT INTO catalog.bill_of_material_line (bill_of_material_id, line_number, item_id, quantity, is_backflushed)
SELECT b.id, v.line, c.id, v.quantity, v.is_backflushed
FROM (VALUES
    ('CRATE', 'A', 1, 'RESIN', 160, true),
    ('CRATE', 'B', 1, 'RESIN', 150, true), ('CRATE', 'B', 2, 'BATCH', 3000, true), ('CRATE', 'B', 3, 'INSERT', 200, false), ('CRATE', 'B', 4, 'LABEL', 33, true),
    ('BODY', 'A', 1, 'BOLT', 4, true), ('LID', 'A', 1, 'BOLT', 1, true)) AS v (item, revision, line, component, quantity, is_backflushed)
JOIN catalog.item AS i ON i.number = v.item
JOIN catalog.bill_of_material AS b ON b.item_id = i.id AND b.revision = v.revision
JOIN catalog.item AS c ON c.number = v.component;
INSERT INTO catalog.routing_operation (item_id, sequence, name, work_center_id, setup_minutes, run_minutes)
SELECT i.id, v.sequence, v.name, w.id, v.setup, v.run
FROM (VALUES ('CRATE', 10, 'mould', 'M1', 30, 0.75), ('BODY', 10, 'turn', 'M1', 15, 2), ('BODY', 20, 'grind', 'M2', 5, 1)) AS v (item, sequence, name, work_center, setup, run)
JOIN catalog.item AS i ON i.number = v.item
JOIN catalog.work_center AS w ON w.code = v.work_center;
INSERT INTO catalog.reason (code, name, kind) VALUES ('SHORT', 'Short shot', 'scrap'), ('MISTAKE', 'Mistake', 'reversal');
