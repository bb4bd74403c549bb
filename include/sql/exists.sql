{% from "person.sql" import person, scoped with context %}
SELECT 1
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
{{ scoped(scope) }}
{% if columns %}
  AND ({{ columns | join(" IS NOT NULL OR ") }} IS NOT NULL)
{% endif %}
{{ one_row }}
