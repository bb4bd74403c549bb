{% from "person.sql" import person with context %}
SELECT count(*)
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
  AND ({{ by }} IS NULL OR {{ by }} NOT IN ({{ known | join(", ") }}))
