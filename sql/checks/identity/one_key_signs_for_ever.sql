-- All signing keys but the newest one have an end.
SELECT k.kid
FROM identity.signing_key AS k
WHERE k.expires_at IS NULL
  AND EXISTS (SELECT FROM identity.signing_key AS n WHERE n.id > k.id);
