{% from "person.sql" import person, scoped %}
SELECT
{% for column, when in masked %}
  count(CASE WHEN {{ when or "TRUE" }} THEN {{ column }} END){{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
{{ scoped(scope) }}
