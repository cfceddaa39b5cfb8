-- A small plant that sells: one site, its places, an item by lot and one without, customers at home and abroad, a carrier.
INSERT INTO catalog.site (code, name, gs1_company_prefix, vat_number, street, postal_code, city, country, currency, time_zone)
VALUES ('P1', 'Plant one', '4012345', 'DE123456789', 'Werkstrasse 1', '70173', 'Stuttgart', 'DE', 'EUR', 'Europe/Berlin');
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, l.code, l.code, l.kind::catalog.location_kind
FROM catalog.site AS s, (VALUES
    ('A', 'storage'), ('B', 'storage'), ('Q', 'quarantine'), ('R', 'rejected'), ('S', 'staging'), ('S2', 'staging'),
    ('V-SUPPLIER', 'supplier'), ('V-CUSTOMER', 'customer'), ('V-PRODUCTION', 'production'), ('V-SCRAP', 'scrap'),
    ('V-COUNT', 'count_difference'), ('V-OPENING', 'opening'), ('V-TRANSIT', 'transit')) AS l (code, kind);
INSERT INTO catalog.unit (code, name, scale) VALUES ('H87', 'piece', 0), ('XBX', 'box', 0), ('KGM', 'kilogram', 3);
INSERT INTO catalog.item (number, name, base_unit_id, tracking, gtin, is_sold)
SELECT i.number, i.name, u.id, i.tracking::catalog.tracking, i.gtin, i.is_sold
FROM (VALUES
    ('CRATE', 'Crate 40 l', 'H87', 'lot', '04012345000016', true),
    ('BOLT', 'Bolt M8', 'H87', 'none', NULL, true),
    ('RESIN', 'Resin', 'KGM', 'lot', NULL, false)) AS i (number, name, unit, tracking, gtin, is_sold)
JOIN catalog.unit AS u ON u.code = i.unit;
INSERT INTO catalog.item_unit (item_id, unit_id, numerator, denominator)
SELECT i.id, u.id, 24, 1
FROM catalog.item AS i, catalog.unit AS u
WHERE i.number = 'CRATE' AND u.code = 'XBX';
INSERT INTO catalog.partner (code, name, is_customer, is_carrier, street, postal_code, city, country, currency, vat_number) VALUES
    ('HOME', 'Customer at home', true, false, 'Hauptstrasse 2', '10115', 'Berlin', 'DE', 'EUR', 'DE987654321'),
    ('FRANCE', 'Customer in France', true, false, 'Rue 3', '75001', 'Paris', 'FR', 'EUR', 'FR12345678901'),
    ('PRIVATE', 'Person in France', true, false, 'Rue 4', '75001', 'Paris', 'FR', 'EUR', NULL),
    ('SWISS', 'Customer abroad', true, false, 'Gasse 5', '8001', 'Zurich', 'CH', 'CHF', NULL),
    ('TRUCK', 'Carrier', false, true, 'Weg 6', '10115', 'Berlin', 'DE', 'EUR', NULL);
INSERT INTO catalog.reason (code, name, kind) VALUES ('DAMAGED', 'Damaged', 'return'), ('MISTAKE', 'Mistake', 'reversal');
