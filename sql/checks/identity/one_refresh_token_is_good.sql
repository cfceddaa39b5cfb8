-- A session has one refresh token at most that was not used.
SELECT t.session_id
FROM identity.refresh_token AS t
WHERE t.used_at IS NULL
GROUP BY t.session_id
HAVING count(*) > 1;
