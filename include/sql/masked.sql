{% from "person.sql" import person, scoped with context %}
SELECT
{% for column, when in masked %}
  count(CASE WHEN {{ when or "1 = 1" }} THEN {{ column }} END){{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
{{ scoped(scope) }}
