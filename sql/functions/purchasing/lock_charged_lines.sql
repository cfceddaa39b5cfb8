CREATE OR REPLACE FUNCTION purchasing.lock_charged_lines(
    p_line_ids bigint[]
) RETURNS catalog.site
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_bad record;
    v_site catalog.site;
BEGIN
    PERFORM
    FROM purchasing.goods_receipt_line AS l
    WHERE l.id = ANY (p_line_ids)
    ORDER BY l.id
    FOR NO KEY UPDATE;
    SELECT r.number, l.line_number INTO v_bad
    FROM purchasing.goods_receipt_line AS l
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE l.id = ANY (p_line_ids) AND l.is_reversed
    ORDER BY l.id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'line % of goods receipt % was taken back', v_bad.line_number, v_bad.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('goods_receipt', v_bad.number, 'line', v_bad.line_number)::text,
                  HINT = 'Leave the line out.';
    END IF;
    SELECT s.* INTO v_site
    FROM catalog.site AS s
    WHERE s.id = (
        SELECT min(c.site_id)
        FROM purchasing.goods_receipt_line AS l
        JOIN catalog.location AS c ON c.id = l.location_id
        WHERE l.id = ANY (p_line_ids));
    SELECT r.number, l.line_number INTO v_bad
    FROM purchasing.goods_receipt_line AS l
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    JOIN catalog.location AS c ON c.id = l.location_id
    WHERE l.id = ANY (p_line_ids) AND c.site_id <> v_site.id
    ORDER BY l.id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'goods receipt % belongs to another site than %', v_bad.number, v_site.code
            USING ERRCODE = 'MR424',
                  DETAIL = jsonb_build_object('goods_receipt', v_bad.number, 'line', v_bad.line_number, 'site', v_site.code)::text,
                  HINT = 'Enter the receipts of each site by themselves.';
    END IF;
    RETURN v_site;
END;
$function$;

COMMENT ON FUNCTION purchasing.lock_charged_lines(bigint[]) IS
    'Locks lines of goods receipts that something is charged for, and gives the site whose books it enters. Raises MR413 when one was taken back, MR424 when they are of several sites.';
