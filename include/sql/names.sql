{% from "person.sql" import person with context %}
{# Names in a column of the person's rows, for the information sheet; with the country that a table gives. #}
SELECT DISTINCT
{% for expression, name in columns %}
  {{ expression }} AS {{ name }}{{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
{% if lookup %}
LEFT JOIN {{ lookup.relation }} AS l ON {{ lookup.on }}
{% endif %}
WHERE {{ person(belongs) }}
{% for column in present %}
  AND {{ column }} IS NOT NULL
{% endfor %}
