{% from "person.sql" import person with context %}
SELECT
  count(CASE WHEN 1 = 1{{ " AND t." ~ granted if granted }}{{ " AND t." ~ withdrawn ~ " IS NULL" if withdrawn }} THEN 1 END),
  count(*),
  {{ "max(" ~ last ~ ")" if last else "NULL" }}
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
  AND t.{{ column }} = {{ value }}
