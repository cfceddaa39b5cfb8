-- A plant whose books are in EUR: one machine at 60 an hour, customers, suppliers at home and in dollars.
INSERT INTO catalog.site (code, name, gs1_company_prefix, country, currency, time_zone)
VALUES ('P1', 'Plant one', '4012345', 'DE', 'EUR', 'Europe/Berlin');
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, l.code, l.code, l.kind::catalog.location_kind
FROM catalog.site AS s, (VALUES
    ('A', 'storage'), ('B', 'storage'), ('Q', 'quarantine'), ('R', 'rejected'), ('S', 'staging'),
    ('V-SUPPLIER', 'supplier'), ('V-CUSTOMER', 'customer'), ('V-PRODUCTION', 'production'), ('V-SCRAP', 'scrap'),
    ('V-COUNT', 'count_difference'), ('V-OPENING', 'opening'), ('V-TRANSIT', 'transit')) AS l (code, kind);
INSERT INTO catalog.unit (code, name, scale) VALUES ('H87', 'piece', 0), ('KGM', 'kilogram', 3), ('XBX', 'box', 0);
INSERT INTO catalog.partner (code, name, is_supplier, is_customer, country, currency, language, vat_number, street, postal_code, city) VALUES
    ('ACME', 'Acme', true, false, 'DE', 'EUR', 'de', NULL, '', '', ''),
    ('DOLLAR', 'Dollar Corp.', true, false, 'US', 'USD', 'en', NULL, '', '', ''),
    ('HOME', 'Müller & Söhne', false, true, 'DE', 'EUR', 'de', NULL, 'Gasse 1', '70173', 'Stuttgart'),
    ('ABROAD', 'Çağlayan A.Ş.', false, true, 'TR', 'EUR', 'tr', 'TR1234567890', 'Işık Sk. 7', '34485', 'İstanbul');
INSERT INTO catalog.reason (code, name, kind) VALUES
    ('BAD', 'Bad part', 'scrap'), ('WET', 'Too wet', 'rejection'), ('MISTAKE', 'Mistake', 'reversal'), ('COUNT', 'Counted', 'adjustment'), ('BACK', 'Sent back', 'return');
INSERT INTO catalog.work_center (site_id, code, name, supply_location_id, output_location_id, hourly_rate)
SELECT s.id, 'PRESS', 'Press', a.id, b.id, 60
FROM catalog.site AS s, catalog.location AS a, catalog.location AS b
WHERE a.code = 'A' AND b.code = 'B';
