{% from "person.sql" import by_person, whose with context %}
{# The first and the last value of a column of the person's rows, and how many rows have none. #}
SELECT
{% if several %}
  t.afschrift_person AS afschrift_person,
{% endif %}
{% for expression, name in columns %}
  {{ expression }} AS {{ name }}{{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
WHERE {{ whose(belongs) }}
{{ by_person() }}
