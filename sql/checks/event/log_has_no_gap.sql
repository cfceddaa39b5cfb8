-- The feed is numbered without gaps, from the last position that was dropped up to its head.
SELECT h.dropped_to, h.position AS head, count(l.position) AS rows, min(l.position) AS first, max(l.position) AS last
FROM event.log_head AS h
LEFT JOIN event.log AS l ON true
GROUP BY h.dropped_to, h.position
HAVING count(l.position) <> h.position - h.dropped_to
    OR coalesce(min(l.position), h.dropped_to + 1) <> h.dropped_to + 1
    OR coalesce(max(l.position), h.position) <> h.position;
