-- Every role and site that an operator, device or client is given exists.
SELECT t.who, r.code
FROM (
    SELECT 'operator ' || o.number AS who, o.roles, o.sites FROM identity.operator AS o
    UNION ALL
    SELECT 'client ' || c.code, c.roles, c.sites FROM identity.client AS c
) AS t
CROSS JOIN LATERAL (
    SELECT x AS code FROM unnest(t.roles) AS x WHERE NOT EXISTS (SELECT FROM identity.role AS r WHERE r.code = x)
    UNION ALL
    SELECT x FROM unnest(t.sites) AS x WHERE x <> '*' AND NOT EXISTS (SELECT FROM catalog.site AS s WHERE s.code = x)
) AS r;
