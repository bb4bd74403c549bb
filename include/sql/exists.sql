{% from "person.sql" import person, scoped %}
SELECT 1
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
{{ scoped(scope) }}
{% if columns %}
  AND ({{ columns | join(" IS NOT NULL OR ") }} IS NOT NULL)
{% endif %}
LIMIT 1
