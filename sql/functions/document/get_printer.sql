CREATE OR REPLACE FUNCTION document.get_printer(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'code', p.code,
        'name', p.name,
        'site', t.code,
        'host', p.host,
        'port', p.port,
        'dpi', p.dpi,
        'label_width', trim_scale(p.label_width)::text,
        'label_height', trim_scale(p.label_height)::text,
        'font', p.font,
        'language', p.language,
        'tells_status', p.tells_status,
        'is_active', p.is_active,
        'default_for', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('location', l.code, 'label', d.kind) ORDER BY l.code, d.kind), '[]'::jsonb)
            FROM document.printer_default AS d
            JOIN catalog.location AS l ON l.id = d.location_id
            WHERE d.printer_id = p.id),
        'state', CASE
            WHEN NOT p.is_active THEN 'off'
            WHEN s.failures > 0 THEN 'down'
            WHEN s.last_success_at IS NULL THEN 'untried'
            ELSE 'ready'
        END,
        'failures', s.failures,
        'last_success_at', s.last_success_at,
        'last_error', s.last_error,
        'last_error_at', s.last_error_at,
        'next_try_at', CASE WHEN s.next_try_at > clock_timestamp() THEN s.next_try_at END,
        'waiting_jobs', w.jobs,
        'waiting_since', w.since)
    FROM document.printer AS p
    JOIN catalog.site AS t ON t.id = p.site_id
    JOIN document.printer_state AS s ON s.printer_id = p.id
    CROSS JOIN LATERAL (
        SELECT count(*) AS jobs, min(j.created_at) AS since
        FROM document.print_job AS j
        WHERE j.printer_id = p.id AND j.state IN ('waiting', 'sending')
    ) AS w
    WHERE p.code = p_code;
$function$;

COMMENT ON FUNCTION document.get_printer(text) IS
    'A printer with how it does: state (off, down, untried, ready), last success, last error, what waits for it; null when there is none of that code.';
