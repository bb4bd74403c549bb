{# Which rows are the person's. `keys` holds the keys, bound by the session. #}
{# `near`: what an index finds, where the database would hold each row of the table against EXISTS. #}
{# The keys are gathered first: a condition that asks them row by row makes DuckDB keep all rows of the table. #}
{% macro gathered(m) %}
{{ m.sides[0] }} IS NOT NULL AND {{ m.sides[0] }} IN (
  SELECT {{ m.sides[1] }} FROM {{ keys }} AS k
  WHERE k.name = {{ m.key }}
    AND {{ m.sides[1] }} IS NOT NULL
{% if not m.instant and not m.timeless %}
    AND k.is_current
{% endif %}
)
{% if m.instant %}
AND coalesce(len(list_filter(
  (SELECT list(k) FROM {{ keys }} AS k WHERE k.name = {{ m.key }}),
  lambda k: {{ m.holds }}
    AND (k.valid_from IS NULL OR {{ m.instant }} >= k.valid_from)
    AND (k.valid_to IS NULL OR {{ m.instant }} < k.valid_to)
)) > 0, FALSE)
{% endif %}
{% endmacro %}
{% macro match(m) %}
{% if m.unless %}{{ m.unless | join(" IS NULL AND ") }} IS NULL AND {% endif %}
{% if m.sides %}
{{ gathered(m) }}
{% else %}
{% if m.near %}
{{ m.near.opening }}SELECT {{ m.near.found }} FROM {{ keys }} AS k WHERE k.name = {{ m.key }}{{ m.near.closing }} AND
{% endif %}
EXISTS (
  SELECT 1 FROM {{ keys }} AS k
  WHERE k.name = {{ m.key }}
    AND {{ m.holds }}
{% if m.instant %}
    AND (k.valid_from IS NULL OR {{ m.instant }} >= k.valid_from)
    AND (k.valid_to IS NULL OR {{ m.instant }} < k.valid_to)
{% elif not m.timeless %}
    AND k.is_current
{% endif %}
)
{% endif %}
{% endmacro %}
{% macro person(belongs) %}
(
{% if not belongs %}
1 = 0
{% endif %}
{% for way in belongs %}
{% if not loop.first %}
OR
{% endif %}
{% if way.relation is defined %}
{% if way.unless %}{{ way.unless | join(" IS NULL AND ") }} IS NULL AND {% endif %}
{% if way.near %}
{{ way.near.opening }}SELECT {{ way.near.found }} FROM {{ way.relation }} AS {{ way.alias }} WHERE
{{ person(way.belongs) }}
{{ way.near.closing }} AND
{% endif %}
EXISTS (
  SELECT 1 FROM {{ way.relation }} AS {{ way.alias }}
  WHERE {{ way.pairs | join(" AND ") }} AND
{{ person(way.belongs) }}
)
{% else %}
({{ match(way) }})
{% endif %}
{% endfor %}
)
{% endmacro %}
{% macro holds(link, key) -%}
    k.name = {{ key }}
    AND {{ link.holds }}
{% endmacro %}
{% macro scoped(scope) %}
{% if scope %}
  AND {{ scope[0] }} IN ({{ scope[1] | join(", ") or "NULL" }})
{% endif %}
{% endmacro %}
{# `several`: the condition on the rows of several persons, which `relation` holds then; see together.sql. #}
{% macro whose(belongs) %}
{% if several %}
{{ several }}
{% else %}
{{ person(belongs) }}
{% endif %}
{% endmacro %}
{% macro by_person() %}
{% if several %}
GROUP BY t.afschrift_person
ORDER BY 1
{% endif %}
{% endmacro %}
