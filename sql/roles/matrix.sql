WITH room AS (
    SELECT n.* FROM pg_namespace AS n WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema')
), relation AS (
    SELECT c.*, r.nspname FROM pg_class AS c JOIN room AS r ON r.oid = c.relnamespace
    WHERE NOT c.relispartition AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
), grantee AS (
    SELECT 0::oid AS oid, 'PUBLIC' AS name
    UNION ALL
    SELECT r.oid, r.rolname FROM pg_roles AS r WHERE r.rolname LIKE 'millrace\_%'
), line AS (
    SELECT format('role %s: login %s, super %s, bypasses rls %s, creates roles %s', r.rolname, r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole) AS text
    FROM pg_roles AS r WHERE r.rolname LIKE 'millrace\_%' AND r.rolname <> 'millrace_analyst'
    UNION ALL
    SELECT format('role %s: member of %s', a.member::regrole, a.roleid::regrole)
    FROM pg_auth_members AS a WHERE a.member::regrole::text LIKE 'millrace\_%'
    UNION ALL
    SELECT format('role %s: %s', s.setrole::regrole, u) FROM pg_db_role_setting AS s, unnest(s.setconfig) AS u
    WHERE s.setrole::regrole::text LIKE 'millrace\_%' AND s.setrole::regrole::text <> 'millrace_analyst'
    UNION ALL
    SELECT format('schema %s: %s %s', r.nspname, g.name, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type))
    FROM room AS r CROSS JOIN LATERAL aclexplode(coalesce(r.nspacl, acldefault('n', r.nspowner))) AS a JOIN grantee AS g ON g.oid = a.grantee
    WHERE a.grantee <> r.nspowner
    GROUP BY r.nspname, g.name
    UNION ALL
    SELECT format('%s %s.%s: %s %s', CASE r.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END, r.nspname, r.relname, g.name,
        string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type))
    FROM relation AS r CROSS JOIN LATERAL aclexplode(coalesce(r.relacl, acldefault((CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", r.relowner))) AS a
    JOIN grantee AS g ON g.oid = a.grantee
    WHERE r.relkind IN ('r', 'p', 'v', 'S') AND a.grantee <> r.relowner
    GROUP BY r.relkind, r.nspname, r.relname, g.name
    UNION ALL
    SELECT format('column %s.%s.%s: %s %s', r.nspname, r.relname, c.attname, g.name, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type))
    FROM relation AS r JOIN pg_attribute AS c ON c.attrelid = r.oid CROSS JOIN LATERAL aclexplode(c.attacl) AS a JOIN grantee AS g ON g.oid = a.grantee
    WHERE c.attacl IS NOT NULL
    GROUP BY r.nspname, r.relname, c.attname, g.name
    UNION ALL
    SELECT format('owner of table %s.%s: %s', r.nspname, r.relname, r.relowner::regrole)
    FROM relation AS r WHERE r.relkind IN ('r', 'p', 'v') AND r.nspname <> 'public' AND r.relowner <> 'millrace_owner'::regrole
    UNION ALL
    SELECT format('rows %s.%s: policy %s for %s to %s', r.nspname, r.relname, p.polname, p.polcmd, CASE WHEN p.polroles = '{0}' THEN 'PUBLIC' ELSE p.polroles::text END)
    FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.oid
    UNION ALL
    SELECT format('rows %s.%s: all of them, no policy', r.nspname, r.relname)
    FROM relation AS r WHERE r.relkind IN ('r', 'p') AND r.nspname NOT IN ('public', 'river') AND NOT r.relrowsecurity
    UNION ALL
    SELECT format('function %s.%s: runs as %s, %s', r.nspname, p.proname, CASE WHEN p.prosecdef THEN p.proowner::regrole::text ELSE 'its caller' END,
        coalesce('for ' || nullif(string_agg(g.name, ', ' ORDER BY g.name) FILTER (WHERE a.grantee <> p.proowner), ''), 'internal'))
    FROM pg_proc AS p JOIN room AS r ON r.oid = p.pronamespace
    LEFT JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a ON true
    LEFT JOIN grantee AS g ON g.oid = a.grantee
    WHERE r.nspname NOT IN ('public', 'river') AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
    GROUP BY r.nspname, p.proname, p.prosecdef, p.proowner
    UNION ALL
    SELECT format('type %s.%s: %s %s', r.nspname, t.typname, g.name, a.privilege_type)
    FROM pg_type AS t JOIN room AS r ON r.oid = t.typnamespace CROSS JOIN LATERAL aclexplode(t.typacl) AS a JOIN grantee AS g ON g.oid = a.grantee
    WHERE t.typacl IS NOT NULL AND a.grantee <> t.typowner
)
SELECT l.text FROM line AS l ORDER BY l.text COLLATE "C"
