CREATE OR REPLACE FUNCTION catalog.item_location(
    p_item catalog.item,
    p_site_id bigint
) RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(
        (SELECT l.id FROM catalog.location AS l
         WHERE l.id = p_item.default_location_id AND l.site_id = p_site_id AND l.kind = 'storage'),
        catalog.physical_location(p_site_id, 'storage'));
$function$;

COMMENT ON FUNCTION catalog.item_location(catalog.item, bigint) IS
    'Id of the storage location where an item is put away at a site: its default location if that is storage of the site, else the oldest storage location. Raises MR108 when the site has none.';
