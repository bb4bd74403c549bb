{% from "person.sql" import person, scoped %}
SELECT count(*)
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
{{ scoped(scope) }}
