-- Every enabled endpoint is a consumer of the feed, every disabled one keeps its position beside it, and each has one current secret.
SELECT e.code
FROM event.webhook_endpoint AS e
LEFT JOIN event.webhook_delivery AS d ON d.endpoint_id = e.id
LEFT JOIN event.consumer AS c ON c.name = 'webhook:' || e.code
WHERE d.endpoint_id IS NULL
   OR e.is_enabled <> (c.name IS NOT NULL)
   OR e.is_enabled <> (d.resume_position IS NULL)
   OR (SELECT count(*) FROM event.webhook_secret AS s WHERE s.endpoint_id = e.id AND s.expires_at IS NULL) <> 1
UNION ALL
SELECT c.name
FROM event.consumer AS c
WHERE c.name LIKE 'webhook:%'
  AND NOT EXISTS (SELECT FROM event.webhook_endpoint AS e WHERE c.name = 'webhook:' || e.code);
