{% from "person.sql" import person with context %}
{# How a key is spelled in the rows of the person, byte by byte. #}
SELECT min({{ text }})
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
GROUP BY {{ stored }}
