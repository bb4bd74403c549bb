{% from "person.sql" import whose, scoped with context %}
SELECT
{% for expression, name in columns %}
  {{ expression }} AS {{ name }}{{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
WHERE {{ whose(belongs) }}
{{ scoped(scope) }}
ORDER BY {{ order | join(", ") }}
