{% from "person.sql" import person with context %}
{# Rows that hold an identifier of the person: counted, never shown. With `belongs`, those that no way reaches. #}
{% macro holds(any_of) -%}
EXISTS (SELECT 1 FROM {{ keys }} AS k WHERE {{ any_of | join(" OR ") }})
{%- endmacro %}
SELECT count(*){% for any_of in counted %},
  count(CASE WHEN {{ holds(any_of) }} THEN 1 END){% endfor %}

FROM (
  SELECT
{% for expression, name in texts %}
    {{ expression }} AS {{ name }}{{ "" if loop.last else "," }}
{% endfor %}
  FROM {{ relation }} AS t
  {% if signs %}
  WHERE {{ signs | join(" OR ") }}
  {% endif %}
) AS t
WHERE {{ holds(may) }}
{% if belongs %}
  AND NOT {{ person(belongs) }}
{% endif %}
