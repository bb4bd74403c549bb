{% from "person.sql" import holds with context %}
{# What a table holds under the keys as they were typed, before the identity is confirmed: columns that the
   inventory marks, of rows that bear a key at the moment of the request; nothing is followed from there. #}
{% macro bears(link) %}
EXISTS (
  SELECT 1 FROM {{ keys }} AS k
  WHERE {{ holds(link, link.key) }}
{% if link.from %}
    AND ({{ link.from }} IS NULL OR {{ link.from }} <= k.asked_at)
{% endif %}
{% if link.to %}
    AND ({{ link.to }} IS NULL OR k.asked_at < {{ link.to }})
{% endif %}
)
{% endmacro %}
SELECT
{% if counted %}
  count(*)
{% else %}
{% for link in links %}
  CASE WHEN {{ bears(link) }} THEN 1 ELSE 0 END,
{% endfor %}
{% for expression in columns %}
  {{ expression }}{{ "" if loop.last else "," }}
{% endfor %}
{% endif %}
FROM {{ relation }} AS t
WHERE
{% for link in links %}
{{ "" if loop.first else "OR " }}{{ bears(link) }}
{% endfor %}
{% if not counted %}
ORDER BY {{ order | join(", ") }}
LIMIT {{ most }}
{% endif %}
