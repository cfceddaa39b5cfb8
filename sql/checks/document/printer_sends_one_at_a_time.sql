-- Every printer has its state, and at most one label is being sent to it.
SELECT p.code, s.holder, n.jobs
FROM document.printer AS p
LEFT JOIN document.printer_state AS s ON s.printer_id = p.id
CROSS JOIN LATERAL (SELECT count(*) AS jobs FROM document.print_job AS j WHERE j.printer_id = p.id AND j.state = 'sending') AS n
WHERE s.printer_id IS NULL
   OR n.jobs > CASE WHEN s.holder IS NULL THEN 0 ELSE 1 END;
