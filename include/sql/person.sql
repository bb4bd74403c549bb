{# Which rows are the person's. `afschrift_key` holds the keys, bound by the session. #}
{% macro match(m) %}
{% if m.unless %}{{ m.unless | join(" IS NULL AND ") }} IS NULL AND {% endif %}
EXISTS (
  SELECT 1 FROM afschrift_key AS k
  WHERE k.name = {{ m.key }}
    AND {{ "lower(" ~ m.column ~ ") = lower(k.value)" if m.casefold else m.column ~ " = " ~ m.typed }}
{% if m.instant %}
    AND (k.valid_from IS NULL OR {{ m.instant }} >= k.valid_from)
    AND (k.valid_to IS NULL OR {{ m.instant }} < k.valid_to)
{% elif not m.timeless %}
    AND k.is_current
{% endif %}
)
{% endmacro %}
{% macro person(belongs) %}
(
{% for way in belongs %}
{% if not loop.first %}
OR
{% endif %}
{% if way.relation is defined %}
EXISTS (
  SELECT 1 FROM {{ way.relation }} AS {{ way.alias }}
  WHERE {% for own, theirs in way.pairs %}{{ own }} = {{ theirs }} AND {% endfor %}
{{ person(way.belongs) }}
)
{% else %}
({{ match(way) }})
{% endif %}
{% endfor %}
)
{% endmacro %}
{% macro holds(link, key, casefold) -%}
    k.name = {{ key }}
    AND {{ "lower(" ~ link.column ~ ") = lower(k.value)" if casefold else link.column ~ " = " ~ link.typed }}
{% endmacro %}
{% macro scoped(scope) %}
{% if scope %}
  AND {{ scope[0] }} IN ({{ scope[1] | join(", ") or "NULL" }})
{% endif %}
{% endmacro %}
