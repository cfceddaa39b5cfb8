-- A small plant: one site, a few places, an item without tracking and one by lot.
INSERT INTO catalog.site (code, name, country, currency, time_zone) VALUES ('P1', 'Plant one', 'DE', 'EUR', 'Europe/Berlin');
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, l.code, l.code, l.kind::catalog.location_kind
FROM catalog.site AS s, (VALUES
    ('A', 'storage'), ('B', 'storage'), ('C', 'storage'), ('Q', 'quarantine'), ('R', 'rejected'), ('S', 'staging'),
    ('V-SUPPLIER', 'supplier'), ('V-CUSTOMER', 'customer'), ('V-PRODUCTION', 'production'), ('V-SCRAP', 'scrap'),
    ('V-COUNT', 'count_difference'), ('V-OPENING', 'opening'), ('V-TRANSIT', 'transit')) AS l (code, kind);
INSERT INTO catalog.unit (code, name, scale) VALUES ('H87', 'piece', 0), ('KGM', 'kilogram', 3), ('GRM', 'gram', 0), ('XBX', 'box', 0), ('DZN', 'dozen', 0);
INSERT INTO catalog.item (number, name, base_unit_id, tracking, gtin)
SELECT i.number, i.number, u.id, i.tracking::catalog.tracking, i.gtin
FROM (VALUES ('BOLT', 'H87', 'none', '04012345000016'), ('RESIN', 'KGM', 'lot', '04012345000023'), ('PAINT', 'KGM', 'lot', NULL)) AS i (number, unit, tracking, gtin)
JOIN catalog.unit AS u ON u.code = i.unit;
INSERT INTO catalog.item_unit (item_id, unit_id, numerator, denominator, gtin)
SELECT i.id, u.id, v.numerator, v.denominator, v.gtin
FROM (VALUES ('BOLT', 'XBX', 250, 1, '14012345000013'), ('RESIN', 'GRM', 1, 1000, NULL), ('PAINT', 'DZN', 1, 3, NULL)) AS v (item, unit, numerator, denominator, gtin)
JOIN catalog.item AS i ON i.number = v.item
JOIN catalog.unit AS u ON u.code = v.unit;
INSERT INTO catalog.reason (code, name, kind) VALUES ('MISCOUNT', 'Miscounted', 'adjustment'), ('DROPPED', 'Dropped', 'scrap'), ('MISTAKE', 'Mistake', 'reversal'), ('QUALITY', 'Does not meet the specification', 'rejection');
