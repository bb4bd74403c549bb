{% from "person.sql" import person with context %}
{# Names of people whom the warehouse knows, for the finder; or what the person's own rows hold. #}
SELECT
{% for expression, name in columns %}
  {{ expression }} AS {{ name }}{{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
{% if own %}
WHERE {{ person(belongs) }}
{% endif %}
LIMIT {{ most }}
