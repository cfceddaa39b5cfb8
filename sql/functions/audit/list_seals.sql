CREATE OR REPLACE FUNCTION audit.list_seals(
    p_after bigint,
    p_limit integer
) RETURNS TABLE (
    number bigint,
    incarnation integer,
    from_transaction_id text,
    to_transaction_id text,
    row_count bigint,
    previous bytea,
    hash bytea,
    key_id text,
    signature bytea,
    sealed_at timestamptz,
    parts jsonb
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT s.number, s.incarnation, s.from_transaction_id::text, s.to_transaction_id::text, s.row_count, s.previous, s.hash,
        coalesce(s.key_id, ''), coalesce(s.signature, ''), s.sealed_at,
        coalesce((
            SELECT jsonb_agg(jsonb_build_object('ledger', p.ledger, 'columns', p.columns, 'rows', p.row_count,
                'root', encode(p.root, 'hex'), 'prints', encode(p.prints_digest, 'hex')) ORDER BY p.ledger)
            FROM audit.seal_part AS p
            WHERE p.seal_number = s.number), '[]')
    FROM audit.seal AS s
    WHERE s.number > p_after
    ORDER BY s.number
    LIMIT p_limit;
$function$;

COMMENT ON FUNCTION audit.list_seals(bigint, integer) IS 'Seals after a number, with their parts: what their statements are made of.';
