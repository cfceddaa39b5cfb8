-- Why the database began anew, after its first life.
SELECT format('incarnation %s began %s: %s (%s)', i.number, to_char(i.began_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), i.reason, i.actor)
FROM audit.incarnation AS i
WHERE i.number > 1
ORDER BY i.number
