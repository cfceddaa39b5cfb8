-- Every site has one virtual location of each kind.
SELECT s.code, k.kind
FROM catalog.site AS s
CROSS JOIN unnest(enum_range('supplier'::catalog.location_kind, NULL)) AS k (kind)
WHERE NOT EXISTS (SELECT 1 FROM catalog.location AS l WHERE l.site_id = s.id AND l.kind = k.kind AND NOT l.is_physical);
