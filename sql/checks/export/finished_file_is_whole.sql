-- A spreadsheet that can be downloaded has all of its pieces, one after the other and as long as they were, and one that was
-- dropped has none.
SELECT f.number, f.size, c.pieces, c.size AS stored
FROM export.file AS f
CROSS JOIN LATERAL (
    SELECT count(*) AS pieces, coalesce(sum(octet_length(p.content)), 0) AS size, coalesce(max(p.ordinal) + 1, 0) AS expected,
        count(*) FILTER (WHERE p.generation <> f.generation) AS foreign_pieces
    FROM export.chunk AS p
    WHERE p.file_id = f.id
) AS c
WHERE (f.finished_at IS NOT NULL AND f.dropped_at IS NULL AND (c.size <> f.size OR c.pieces <> c.expected OR c.foreign_pieces > 0))
   OR (f.dropped_at IS NOT NULL AND c.pieces > 0)
