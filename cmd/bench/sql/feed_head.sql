SELECT h.position, h.position - c.position
FROM event.log_head AS h
CROSS JOIN event.consumer AS c
WHERE c.name = 'costing';
