-- The feed is numbered without gaps up to its head.
SELECT h.position AS head, count(l.position) AS rows, min(l.position) AS first, max(l.position) AS last
FROM event.log_head AS h
LEFT JOIN event.log AS l ON true
GROUP BY h.position
HAVING coalesce(max(l.position), 0) <> h.position
    OR count(l.position) <> coalesce(max(l.position) - min(l.position) + 1, 0);
