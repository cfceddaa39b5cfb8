-- A plant that buys: inspected lots (RESIN), inspected goods without lots (INSERT), lots that nobody inspects (INK), plain goods (BOLT), serial numbers (PUMP).
INSERT INTO catalog.site (code, name, country, currency, time_zone) VALUES ('P1', 'Plant one', 'DE', 'EUR', 'Europe/Berlin');
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, l.code, l.code, l.kind::catalog.location_kind
FROM catalog.site AS s, (VALUES
    ('A', 'storage'), ('B', 'storage'), ('Q', 'quarantine'), ('Q2', 'quarantine'), ('R', 'rejected'), ('S', 'staging'),
    ('V-SUPPLIER', 'supplier'), ('V-CUSTOMER', 'customer'), ('V-PRODUCTION', 'production'), ('V-SCRAP', 'scrap'),
    ('V-COUNT', 'count_difference'), ('V-OPENING', 'opening'), ('V-TRANSIT', 'transit')) AS l (code, kind);
INSERT INTO catalog.unit (code, name, scale) VALUES ('H87', 'piece', 0), ('KGM', 'kilogram', 3), ('GRM', 'gram', 0), ('XBX', 'box', 0);
INSERT INTO catalog.item (number, name, base_unit_id, tracking, is_purchased, is_inspected, shelf_life_days, default_location_id)
SELECT i.number, i.number, u.id, i.tracking::catalog.tracking, true, i.is_inspected, i.shelf_life_days, c.id
FROM (VALUES
    ('RESIN', 'KGM', 'lot', true, 365, 'B'), ('INSERT', 'H87', 'none', true, NULL, 'B'), ('INK', 'KGM', 'lot', false, NULL, NULL),
    ('BOLT', 'H87', 'none', false, NULL, 'B'), ('PUMP', 'H87', 'serial', true, NULL, NULL)) AS i (number, unit, tracking, is_inspected, shelf_life_days, location)
JOIN catalog.unit AS u ON u.code = i.unit
LEFT JOIN catalog.location AS c ON c.code = i.location;
INSERT INTO catalog.item_unit (item_id, unit_id, numerator, denominator)
SELECT i.id, u.id, v.numerator, v.denominator
FROM (VALUES ('BOLT', 'XBX', 250, 1), ('RESIN', 'GRM', 1, 1000)) AS v (item, unit, numerator, denominator)
JOIN catalog.item AS i ON i.number = v.item
JOIN catalog.unit AS u ON u.code = v.unit;
INSERT INTO catalog.partner (code, name, is_supplier, is_customer, country, currency) VALUES
    ('ACME', 'Acme', true, false, 'DE', 'EUR'), ('BUYER', 'Buyer', false, true, 'DE', 'EUR');
INSERT INTO catalog.supplier_item (partner_id, item_id, unit_id, price, currency)
SELECT p.id, i.id, i.base_unit_id, 1.25, 'EUR'
FROM catalog.partner AS p, catalog.item AS i
WHERE p.code = 'ACME' AND i.number = 'RESIN';
INSERT INTO catalog.reason (code, name, kind) VALUES ('WET', 'Moisture too high', 'rejection'), ('MISTAKE', 'Mistake', 'reversal');
