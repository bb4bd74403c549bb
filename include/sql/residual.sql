{% from "person.sql" import person with context %}
{# Rows that hold an identifier of the person: counted, never shown. With `belongs`, those that no way reaches. #}
{% macro holds(any_of) -%}
{% if gathered -%}
coalesce(len(list_filter((SELECT list(k) FROM {{ keys }} AS k), lambda k: {{ any_of | join(" OR ") }})) > 0, FALSE)
{%- else -%}
EXISTS (SELECT 1 FROM {{ keys }} AS k WHERE {{ any_of | join(" OR ") }})
{%- endif %}
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
