-- A plant of 20,000 items and 10 storage locations, and the rule by which its movements are made: lots live about a month, from their
-- receipt over moves and issues to their last piece, and many are alive at once. $rows, $width and $start are put in by the program.
CREATE SCHEMA bench;
INSERT INTO catalog.unit (code, name, scale) VALUES ('H87', 'piece', 0);
INSERT INTO catalog.site (code, name, country, currency, time_zone) VALUES ('BENCH', 'Bench', 'DE', 'EUR', 'UTC');
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, 'L-' || lpad(n::text, 2, '0'), 'Shelf ' || n, 'storage' FROM catalog.site AS s CROSS JOIN generate_series(1, 10) AS n ORDER BY n;
INSERT INTO catalog.location (site_id, code, name, kind)
SELECT s.id, 'V-' || k.kind, k.kind::text, k.kind
FROM catalog.site AS s CROSS JOIN unnest(enum_range('supplier'::catalog.location_kind, NULL)) AS k (kind);
SET session_replication_role = replica;     -- no audit of what the program makes up
INSERT INTO catalog.item (number, name, base_unit_id, tracking)
SELECT 'I-' || lpad(n::text, 5, '0'), 'Item ' || n, u.id, 'lot' FROM catalog.unit AS u CROSS JOIN generate_series(1, 20000) AS n ORDER BY n;

-- Some items move much more than others.
CREATE FUNCTION bench.item(p_lot bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT 1 + floor(20000 * power(((p_lot * 2654435761) % 4294967296) / 4294967296.0::double precision, 2))::bigint $$;
INSERT INTO inventory.lot (id, item_id, number, status, arrived_at)
SELECT l, bench.item(l), 'B' || l, 'released', '$start' FROM generate_series(1, 14 * $width) AS l;
-- Over seven blocks of time lots go into lots: recall walks six levels either way.
INSERT INTO inventory.genealogy (parent_lot_id, child_lot_id, quantity, document_type, document_id)
SELECT b * $width + q + 1, (b + 1) * $width + (q * 3 + c * 17) % $width + 1, 10, 'production_report', b * $width + q + 1
FROM generate_series(0, 13) AS b, generate_series(0, $width - 1) AS q, generate_series(1, 3) AS c
WHERE b % 7 <> 6
ON CONFLICT DO NOTHING;

CREATE FUNCTION bench.fill(p_from bigint, p_until bigint) RETURNS bigint LANGUAGE plpgsql AS $function$
DECLARE
    v_storage bigint[] := (SELECT array_agg(l.id ORDER BY l.code) FROM catalog.location AS l WHERE l.kind = 'storage');
    v_supplier bigint := (SELECT l.id FROM catalog.location AS l WHERE l.kind = 'supplier');
    v_production bigint := (SELECT l.id FROM catalog.location AS l WHERE l.kind = 'production');
    v_rows bigint;
BEGIN
    INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id, quantity,
        document_type, document_id, actor, request_key)
    SELECT m.n + 1, m.posted_at, m.posted_at - interval '1 second' * (m.n % 120), m.movement_type::inventory.movement_type, bench.item(m.lot), m.lot,
        CASE WHEN m.k = 0 THEN v_supplier WHEN m.movement_type = 'transfer' OR m.k > 22 THEN v_storage[1 + m.lot % 10]
            ELSE v_storage[1 + (m.lot + 3) % 10] END,
        CASE m.movement_type WHEN 'receipt' THEN v_storage[1 + m.lot % 10] WHEN 'transfer' THEN v_storage[1 + (m.lot + 3) % 10] ELSE v_production END,
        CASE m.k WHEN 0 THEN 1000 WHEN 24 THEN 880 ELSE 10 END,
        (CASE m.movement_type WHEN 'receipt' THEN 'goods_receipt' WHEN 'transfer' THEN 'transfer' ELSE 'material_issue' END)::inventory.document_type,
        m.n + 1, 'operator-' || m.n % 40, ('01900000-0000-7000-8000-' || lpad(to_hex(m.n), 12, '0'))::uuid
    FROM (
        SELECT s.n, s.k, s.b * $width + (s.q * 7919 + s.k * 104729) % $width + 1 AS lot,
            CASE WHEN s.k = 0 THEN 'receipt' WHEN s.k % 2 = 1 AND s.k < 23 THEN 'transfer' ELSE 'issue' END AS movement_type,
            timestamptz '$start' + (timestamptz '$until' - timestamptz '$start') * (s.n / $rows::double precision) AS posted_at
        FROM (SELECT n, n / (25 * $width) AS b, n % (25 * $width) / $width AS k, n % $width AS q FROM generate_series(p_from, p_until - 1) AS n) AS s
    ) AS m;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END;
$function$;
