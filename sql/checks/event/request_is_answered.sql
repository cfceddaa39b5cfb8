-- No committed request is without its answer.
SELECT r.key, r.operation FROM event.request AS r WHERE r.status = 0;
