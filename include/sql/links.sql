{% from "person.sql" import person with context %}
SELECT DISTINCT
{% for link in links %}
  {{ link.text }}, {{ link.from or "NULL" }}, {{ link.to or "NULL" }}{{ "" if loop.last else "," }}
{% endfor %}
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
