{% from "person.sql" import person with context %}
{# Rows of a parent that are another person's, and have what a row of theirs is joined by. #}
{% macro of_anybody(bears) %}
(
{% for one in bears %}
{% if not loop.first %}
OR
{% endif %}
{% if one.relation is defined %}
EXISTS (
  SELECT 1 FROM {{ one.relation }} AS {{ one.alias }}
  WHERE {{ one.pairs | join(" AND ") }} AND
{{ of_anybody(one.bears) }}
)
{% else %}
{{ one }} IS NOT NULL
{% endif %}
{% endfor %}
)
{% endmacro %}
SELECT count(*)
FROM {{ relation }} AS t
WHERE EXISTS (
  SELECT 1 FROM {{ relation }} AS o
  WHERE {{ pairs | join(" AND ") }} AND
{{ person(theirs) }}
)
  AND {{ of_anybody(bears) }}
  AND NOT {{ person(own) }}
