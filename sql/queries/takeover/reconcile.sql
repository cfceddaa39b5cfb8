-- name: ListStockFigures :many
WITH moved AS (
    SELECT m.item_id,
        count(*) AS movements,
        sum(m.quantity) FILTER (WHERE m.movement_type = 'opening') AS opening,
        sum(m.quantity) FILTER (WHERE m.movement_type = 'receipt') AS received,
        sum(m.quantity) FILTER (WHERE m.movement_type = 'rejection') AS rejected,
        sum(m.quantity) FILTER (WHERE m.movement_type = 'issue') AS consumed,
        sum(m.quantity) FILTER (WHERE m.movement_type = 'production') AS produced,
        sum(m.quantity) FILTER (WHERE m.movement_type = 'scrap') AS scrapped
    FROM inventory.movement AS m
    JOIN catalog.location AS f ON f.id = m.from_location_id
    JOIN catalog.site AS s ON s.id = f.site_id
    WHERE s.code = @site::text
      AND m.movement_type <> 'reversal'
      AND NOT EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = m.id)
    GROUP BY m.item_id
), held AS (
    SELECT b.item_id, sum(b.on_hand) AS on_hand
    FROM inventory.balance AS b
    JOIN catalog.location AS c ON c.id = b.location_id
    JOIN catalog.site AS s ON s.id = c.site_id
    WHERE s.code = @site::text
    GROUP BY b.item_id
)
SELECT i.number::text AS item, coalesce(m.movements, 0)::bigint AS movements,
    coalesce(m.opening, 0)::text AS opening, coalesce(m.received, 0)::text AS received, coalesce(m.rejected, 0)::text AS rejected,
    coalesce(m.consumed, 0)::text AS consumed, coalesce(m.produced, 0)::text AS produced, coalesce(m.scrapped, 0)::text AS scrapped,
    coalesce(h.on_hand, 0)::text AS on_hand
FROM catalog.item AS i
LEFT JOIN moved AS m ON m.item_id = i.id
LEFT JOIN held AS h ON h.item_id = i.id
WHERE m.item_id IS NOT NULL OR h.item_id IS NOT NULL
ORDER BY i.number;

-- name: ListReportFigures :many
SELECT o.external_number::text AS external_number,
    count(*)::bigint AS reports,
    (count(*) FILTER (WHERE r.kind = 'setup'))::bigint AS set_ups,
    (count(*) FILTER (WHERE r.kind = 'breakdown'))::bigint AS breakdowns,
    coalesce(sum(r.good_quantity), 0)::bigint AS good,
    coalesce(sum(r.scrap_quantity), 0)::bigint AS scrapped,
    coalesce(sum(r.rework_quantity), 0)::bigint AS rework,
    coalesce(sum(r.duration_minutes), 0)::double precision AS minutes,
    coalesce(sum(m.quantity), 0)::bigint AS stocked
FROM production.production_report AS r
JOIN production.work_order AS o ON o.id = r.work_order_id
JOIN catalog.site AS s ON s.id = o.site_id
LEFT JOIN inventory.movement AS m ON m.id = r.good_movement_id
WHERE s.code = @site::text
  AND o.external_number IS NOT NULL
  AND NOT r.is_reversed
GROUP BY o.external_number
ORDER BY o.external_number;
