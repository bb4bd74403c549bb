{% from "person.sql" import person with context %}
SELECT count(*)
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
  AND (t.{{ by }} IS NULL OR t.{{ by }} NOT IN ({{ known | join(", ") }}))
