{% from "person.sql" import person with context %}
{# The first and the last value of a column of the person's rows, and how many rows have none. #}
SELECT
{% for expression, name in columns %}
  {{ expression }} AS {{ name }}{{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
