CREATE OR REPLACE FUNCTION event.hide_secrets(
    p_text text
) RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(p_text,
        -- user and password of a URL
        '(://)[^/@\s]*@', '\1[hidden]@', 'g'),
        -- the query of a URL
        '(://[^\s?"]*)\?[^\s"]*', '\1?[hidden]', 'g'),
        '\m(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}', '\1 [hidden]', 'gi'),
        '((?:token|secret|password|passwd|pwd|api[_-]?key|authorization|signature)["'']?\s*[=:]\s*)("[^"]*"|''[^'']*''|(?!\[hidden\]|bearer\s|basic\s)[^\s,;&]+)', '\1[hidden]', 'gi');
$function$;

COMMENT ON FUNCTION event.hide_secrets(text) IS
    'The text without what looks like a secret: credentials and queries of URLs, tokens, and values named password, token, secret or key.';
