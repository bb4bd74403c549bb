{% from "person.sql" import by_person, scoped, whose with context %}
SELECT {{ "t.afschrift_person AS afschrift_person, " if several }}count(*)
FROM {{ relation }} AS t
WHERE {{ whose(belongs) }}
{{ scoped(scope) }}
{{ by_person() }}
