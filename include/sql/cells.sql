{% from "person.sql" import scoped, whose with context %}
{# Per column: values in the bound persons' rows, longer texts, and texts that are no UUID. #}
SELECT
  count(*){{ "," if columns }}
{% for column, (longer, other) in columns %}
  count({{ column }}),
  count(CASE WHEN {{ column }} IS NOT NULL AND {{ longer }} THEN 1 END),
  count(CASE WHEN {{ column }} IS NOT NULL AND ({{ other }}) THEN 1 END){{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
WHERE {{ whose(belongs) }}
{{ scoped(scope) }}
