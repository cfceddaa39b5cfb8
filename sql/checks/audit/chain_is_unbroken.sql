-- Every seal continues the one before: its number, its hash, and the transaction at which that ended, or another incarnation from
-- its first transaction on. Whether rows are what was sealed is proven by dba audit verify.
SELECT s.number, s.incarnation, s.from_transaction_id, s.before
FROM (
    SELECT q.number, q.incarnation, q.from_transaction_id, q.previous, q.row_count,
        lag(q.number, 1, 0::bigint) OVER w AS before,
        lag(q.hash) OVER w AS before_hash,
        lag(q.incarnation) OVER w AS before_incarnation,
        lag(q.to_transaction_id) OVER w AS before_to
    FROM audit.seal AS q
    WINDOW w AS (ORDER BY q.number)
) AS s
WHERE s.number <> s.before + 1
   OR s.previous <> coalesce(s.before_hash, decode(repeat('00', 32), 'hex'))
   OR (s.incarnation IS NOT DISTINCT FROM s.before_incarnation AND s.from_transaction_id <> s.before_to)
   OR (s.incarnation IS DISTINCT FROM s.before_incarnation AND s.from_transaction_id <> '0'::xid8)
   OR s.row_count <> (SELECT coalesce(sum(p.row_count), 0) FROM audit.seal_part AS p WHERE p.seal_number = s.number);
