{% from "person.sql" import by_person, scoped, whose with context %}
SELECT
{% if several %}
  t.afschrift_person AS afschrift_person,
{% endif %}
{% for column, when in masked %}
  count(CASE WHEN {{ when or "1 = 1" }} THEN {{ column }} END){{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
WHERE {{ whose(belongs) }}
{{ scoped(scope) }}
{{ by_person() }}
