{% from "person.sql" import person with context %}
{# Whether a row of the person says that something of it changed since the moment that is bound. #}
SELECT 1
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
  AND EXISTS (SELECT 1 FROM {{ keys }} AS k WHERE {{ changed }} >= k.asked_at)
{{ one_row }}
