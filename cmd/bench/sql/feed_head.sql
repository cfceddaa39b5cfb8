SELECT h.position, CASE WHEN c.job_kind IS NULL THEN 0 ELSE h.position - c.position END
FROM event.log_head AS h
CROSS JOIN event.consumer AS c
WHERE c.name = 'costing';
