-- What the register's tables are in the catalogue, and all that hangs on them: rows of a kind, the name of an
-- object and what it is. `objects.py` runs it at every gate, so each part reads one table of the catalogue: to plan
-- joins would take longer than to run them.
--
-- It holds whatever a user planted on the search path: functions are named with their schema, texts are
-- joined by a function and not by an operator, and both sides of a comparison have one type, which pg_catalog
-- compares. No text differs by version of PostgreSQL, or by what the schema is called: a name bears its schema
-- only where the search path leads elsewhere.
WITH path AS MATERIALIZED (
  SELECT pg_catalog.array_agg(n.oid) AS ids FROM pg_catalog.pg_namespace n
  WHERE n.nspname = ANY (pg_catalog.current_schemas(true)) AND n.nspname <> 'pg_catalog'
), ours AS MATERIALIZED (
  SELECT c.oid AS id, c.relname AS name, c.relnamespace AS schema, c.relkind AS kind, c.relpersistence AS kept,
    c.relrowsecurity AS rows_hidden, c.relispartition AS part, c.relhasrules AS rules, c.relhassubclass AS children
  FROM pg_catalog.pg_class c
  WHERE c.relname = ANY (%(tables)s::pg_catalog.name[]) AND c.relnamespace = ANY ((SELECT ids FROM path)::pg_catalog.oid[])
    -- Later on the path, others may have a table of that name; a second register may not be there.
    AND (pg_catalog.pg_table_is_visible(c.oid) OR c.relname = 'afschrift_version')
), these AS MATERIALIZED (
  SELECT pg_catalog.array_agg(id) AS ids FROM ours
), called AS MATERIALIZED (
  SELECT pg_catalog.array_agg(t.tgfoid) AS ids FROM pg_catalog.pg_trigger t
  WHERE t.tgrelid = ANY ((SELECT ids FROM these)::pg_catalog.oid[]) AND NOT t.tgisinternal
)
-- Nothing comes before pg_catalog, no temporary table either, and all tables are in one schema. Triggers fire.
SELECT 'setting' AS kind, 'search_path' AS name, pg_catalog.concat_ws('|',
  (pg_catalog.current_schemas(true))[1], (SELECT pg_catalog.count(DISTINCT o.schema) FROM ours o)) AS what
UNION ALL
SELECT 'setting', 'session_replication_role', pg_catalog.current_setting('session_replication_role')
UNION ALL
SELECT 'table', o.name, pg_catalog.concat_ws('|', o.id::pg_catalog.regclass, o.kind, o.kept, o.rows_hidden, o.part,
  CASE WHEN o.rules THEN (SELECT pg_catalog.count(*) FROM pg_catalog.pg_rewrite r WHERE r.ev_class = o.id) ELSE 0 END,
  CASE WHEN o.children THEN (SELECT pg_catalog.count(*) FROM pg_catalog.pg_inherits h WHERE h.inhparent = o.id) ELSE 0 END,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_inherits h WHERE h.inhrelid = o.id))
FROM ours o
UNION ALL
SELECT 'columns', (SELECT o.name FROM ours o WHERE o.id = a.attrelid), pg_catalog.string_agg(pg_catalog.concat_ws(' ',
    a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
    a.attcollation, CASE WHEN a.atthasdef THEN (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid)
      FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END), '|' ORDER BY a.attname)
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = ANY ((SELECT ids FROM these)::pg_catalog.oid[]) AND a.attnum > 0::pg_catalog.int2 AND NOT a.attisdropped
GROUP BY a.attrelid
UNION ALL
SELECT 'trigger', t.tgname, pg_catalog.concat_ws('|', t.tgrelid::pg_catalog.regclass,
  t.tgfoid::pg_catalog.regprocedure, t.tgenabled, t.tgtype, t.tgqual IS NULL, t.tgdeferrable, t.tgnargs, t.tgattr)
FROM pg_catalog.pg_trigger t
WHERE t.tgrelid = ANY ((SELECT ids FROM these)::pg_catalog.oid[]) AND NOT t.tgisinternal
UNION ALL
SELECT 'function', p.proname, pg_catalog.concat_ws('|',
  (SELECT l.lanname FROM pg_catalog.pg_language l WHERE l.oid = p.prolang), p.prosecdef, p.provolatile, p.proconfig, p.prosrc)
FROM pg_catalog.pg_proc p
WHERE p.oid = ANY ((SELECT ids FROM called)::pg_catalog.oid[])
UNION ALL
-- That a column has a value is a constraint of its own from version 18 on.
SELECT 'constraint', (SELECT o.name FROM ours o WHERE o.id = k.conrelid),
  pg_catalog.concat_ws('|', k.conname, pg_catalog.pg_get_constraintdef(k.oid))
FROM pg_catalog.pg_constraint k
WHERE k.conrelid = ANY ((SELECT ids FROM these)::pg_catalog.oid[]) AND k.contype <> 'n'
UNION ALL
SELECT 'index', i.indexrelid::pg_catalog.regclass::pg_catalog.text, pg_catalog.concat_ws('|', i.indrelid::pg_catalog.regclass,
  i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid, 1, false), pg_catalog.pg_get_indexdef(i.indexrelid, 2, false),
  pg_catalog.pg_get_expr(i.indpred, i.indrelid))
FROM pg_catalog.pg_index i
WHERE i.indrelid = ANY ((SELECT ids FROM these)::pg_catalog.oid[]) AND i.indisunique AND i.indpred IS NOT NULL
UNION ALL
-- Other indexes are a matter of speed, unless a function (1255) or operator (2617) that a user wrote runs in one.
SELECT 'index', d.objid::pg_catalog.regclass::pg_catalog.text, 'runs what is not of pg_catalog'
FROM pg_catalog.pg_depend d
WHERE d.classid = '1259'::pg_catalog.oid AND d.refclassid IN ('1255'::pg_catalog.oid, '2617'::pg_catalog.oid)
  AND d.objid = ANY (ARRAY(SELECT i.indexrelid FROM pg_catalog.pg_index i
    WHERE i.indrelid = ANY ((SELECT ids FROM these)::pg_catalog.oid[])))
UNION ALL
-- An operator or function on the path whose arguments fit better than those of pg_catalog is taken instead.
SELECT 'operator', x.oprcode::pg_catalog.text, 'shadows'
FROM pg_catalog.pg_operator x
WHERE x.oprname IN ('=', '<>', '<', '<=', '>', '>=', '+', '-', '||')
  AND x.oprnamespace = ANY ((SELECT ids FROM path)::pg_catalog.oid[])
  AND x.oprleft < '16384'::pg_catalog.oid AND x.oprright < '16384'::pg_catalog.oid
UNION ALL
SELECT 'function', f.proname, 'shadows'
FROM pg_catalog.pg_proc f
WHERE f.proname IN ('count', 'length', 'max', 'min', 'substr', 'sum')
  AND f.pronamespace = ANY ((SELECT ids FROM path)::pg_catalog.oid[])
  AND '16384'::pg_catalog.oid > ALL (f.proargtypes::pg_catalog.oid[])
