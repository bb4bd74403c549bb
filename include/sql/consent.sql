{% from "person.sql" import person %}
SELECT
  count(*) FILTER (WHERE TRUE{{ " AND t." ~ granted if granted }}{{ " AND t." ~ withdrawn ~ " IS NULL" if withdrawn }}),
  count(*)
FROM {{ relation }} AS t
WHERE {{ person(belongs) }}
  AND t.{{ column }} = {{ value }}
