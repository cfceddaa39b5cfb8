-- Orders to receive against, one for each client.
SELECT set_config('millrace.actor', 'bench', false);
INSERT INTO catalog.partner (code, name, is_supplier, country, currency, language) VALUES ('SUP', 'Supplier', true, 'DE', 'EUR', 'en');
SELECT purchasing.create_purchase_order(
    jsonb_build_object('key', gen_random_uuid(), 'actor', 'bench'),
    jsonb_build_object('site', 'BENCH', 'supplier', 'SUP', 'lines', jsonb_build_array(
        jsonb_build_object('item', 'I-' || lpad(n::text, 5, '0'), 'quantity', '100000000', 'price', '1'),
        jsonb_build_object('item', 'I-' || lpad((n + 500)::text, 5, '0'), 'quantity', '100000000', 'price', '1'))))
FROM generate_series(1, 40) AS n;
