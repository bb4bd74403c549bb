{% from "person.sql" import person with context %}
{# Rows that hold an identifier of the person: counted, never shown. With `belongs`, those that no way reaches. #}
{# With `by`, for each of its values, which comes last. #}
SELECT {% for any_of in counted %}{{ "" if loop.first else "," }}
  count(CASE WHEN {{ any_of | join(" OR ") }} THEN 1 END){% endfor %}{{ ", " ~ by if by }}

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
{% if lists %}
CROSS JOIN (
  SELECT {% for name in lists %}list(k.value) FILTER (WHERE k.name = {{ name[0] }}) AS {{ name[1] }}{{ "" if loop.last else ", " }}{% endfor %}

  FROM {{ keys }} AS k
) AS s
{% endif %}
{% if may %}
WHERE ({{ may | join(" OR ") }})
{% if belongs %}
  AND NOT {{ person(belongs) }}
{% endif %}
{% endif %}
{% if by %}
GROUP BY {{ by }}
{% endif %}
