{% from "person.sql" import whose with context %}
{# Names in a column of the person's rows, for the information sheet; with the country that a table gives.
   They are grouped by their bytes: DISTINCT goes by the collation. #}
SELECT
{% if several %}
  t.afschrift_person AS afschrift_person,
{% endif %}
{% for expression, name, _ in columns %}
  min({{ expression }}) AS {{ name }}{{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
{% if lookup %}
LEFT JOIN {{ lookup.relation }} AS l ON {{ lookup.on }}
{% endif %}
WHERE {{ whose(belongs) }}
{% for column in present %}
  AND {{ column }} IS NOT NULL
{% endfor %}
GROUP BY {{ columns | map("last") | join(", ") }}
{%- if several %}, t.afschrift_person
ORDER BY 1
{% endif %}

