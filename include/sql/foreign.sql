{% from "person.sql" import person with context %}
SELECT count(*)
FROM {{ relation }} AS t
WHERE ({{ foreign.borne | join(" IS NOT NULL OR ") }} IS NOT NULL)
  AND NOT {{ person(foreign.own) }}
  AND {{ person(foreign.joined) }}
