{% from "person.sql" import person with context %}
{# Rows that come close to being the person's: by a join, or by what the database itself takes for equal. #}
SELECT count(*)
FROM {{ relation }} AS t
WHERE {{ person(foreign.near) }}
  AND NOT {{ person(foreign.own) }}
