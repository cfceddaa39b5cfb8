CREATE OR REPLACE FUNCTION document.get_print_job(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', j.number,
        'printer', p.code,
        'label', j.kind,
        'handling_unit', CASE WHEN j.kind = 'handling_unit_label' THEN j.document_number END,
        'item', CASE WHEN j.kind = 'lot_label' THEN split_part(j.document_number, ':', 1) END,
        'lot', CASE WHEN j.kind = 'lot_label' THEN split_part(j.document_number, ':', 2) END,
        'language', j.language,
        'copies', j.copies,
        'is_automatic', j.is_automatic,
        'actor', j.actor,
        'state', j.state,
        'attempts', j.attempts,
        'is_maybe_double', j.is_maybe_double,
        'last_error', j.last_error,
        'created_at', j.created_at,
        'sent_at', j.sent_at,
        'finished_at', j.finished_at,
        'sha256', encode(j.sha256, 'hex'),
        'content', CASE WHEN j.content IS NOT NULL THEN '/v1/print-jobs/' || j.number || '/content' END)
    FROM document.print_job AS j
    JOIN document.printer AS p ON p.id = j.printer_id
    WHERE j.number = p_number;
$function$;

COMMENT ON FUNCTION document.get_print_job(text) IS 'A print job with how it went; null when there is none of that number.';
