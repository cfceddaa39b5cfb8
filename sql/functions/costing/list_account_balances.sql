CREATE OR REPLACE FUNCTION costing.list_account_balances(
    p_site text,
    p_month date
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_build_object(
            'account', b.account,
            'currency', b.currency,
            'debit', trim_scale(b.debit)::text,
            'credit', trim_scale(b.credit)::text,
            'balance', trim_scale(b.balance)::text) ORDER BY b.currency, b.account), '[]'),
        'next', NULL)
    FROM (
        SELECT t.account, t.currency, coalesce(sum(t.debit) FILTER (WHERE p_month IS NULL OR t.month = p_month), 0) AS debit,
            coalesce(sum(t.credit) FILTER (WHERE p_month IS NULL OR t.month = p_month), 0) AS credit, sum(t.debit - t.credit) AS balance
        FROM costing.account_total AS t
        JOIN catalog.site AS s ON s.id = t.site_id
        WHERE (p_site IS NULL OR s.code = p_site)
          AND (p_month IS NULL OR t.month <= p_month)
        GROUP BY t.account, t.currency
    ) AS b;
$function$;

COMMENT ON FUNCTION costing.list_account_balances(text, date) IS
    'What the journal debited and credited to each account, over all months or in the one that begins on p_month, and its balance at the end of it.';
