-- A site that ships crates by lot, to customers at home and abroad.
INSERT INTO catalog.site (code, name, gs1_company_prefix, gln, vat_number, street, postal_code, city, country, currency, time_zone)
VALUES ('P1', 'Nordhafen Kunststofftechnik GmbH', '4012345', '4012345000009', 'DE136695976', 'Werftstraße 12', '28217', 'Bremen', 'DE', 'EUR', 'Europe/Berlin');
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, l.code, l.code, l.kind::catalog.location_kind
FROM catalog.site AS s, (VALUES
    ('A', 'storage'), ('Q', 'quarantine'), ('R', 'rejected'), ('S', 'staging'),
    ('V-SUPPLIER', 'supplier'), ('V-CUSTOMER', 'customer'), ('V-PRODUCTION', 'production'), ('V-SCRAP', 'scrap'),
    ('V-COUNT', 'count_difference'), ('V-OPENING', 'opening'), ('V-TRANSIT', 'transit')) AS l (code, kind);
INSERT INTO catalog.unit (code, name, scale) VALUES ('H87', 'piece', 0);
INSERT INTO catalog.item (number, name, base_unit_id, tracking, is_sold, gtin)
SELECT 'CRATE', 'Folding crate, 60 × 40 cm', u.id, 'lot', true, '04012345678901' FROM catalog.unit AS u;
INSERT INTO catalog.partner (code, name, is_customer, country, currency, language, vat_number, street, postal_code, city) VALUES
    ('HOME', 'Müller & Söhne', true, 'DE', 'EUR', 'de', NULL, 'Gasse 1', '70173', 'Stuttgart'),
    ('ABROAD', 'Çağlayan A.Ş.', true, 'TR', 'EUR', 'tr', 'TR1234567890', 'Işık Sk. 7', '34485', 'İstanbul');
INSERT INTO catalog.partner (code, name, is_supplier, country, currency, language) VALUES ('POLY', 'Polynord AB', true, 'SE', 'EUR', 'en');
INSERT INTO catalog.item (number, name, base_unit_id, tracking, gtin, shelf_life_days, is_purchased)
SELECT n.number, n.name, u.id, n.tracking::catalog.tracking, n.gtin, 365, true
FROM catalog.unit AS u, (VALUES
    ('PP/NAT', 'Polypropylene, natural', 'lot', '04012345000016'), ('MOULD', 'Mould', 'serial', '04012345000023'), ('GLUE', 'Glue', 'lot', NULL),
    ('BOLT', 'Bolt', 'none', NULL)) AS n (number, name, tracking, gtin);
INSERT INTO catalog.reason (code, name, kind) VALUES ('BACK', 'Sent back', 'return');
