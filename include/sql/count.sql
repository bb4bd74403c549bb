{% from "person.sql" import person, scoped with context %}
SELECT count(*)
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
{{ scoped(scope) }}
