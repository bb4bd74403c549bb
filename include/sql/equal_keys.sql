{# Keys of which the database takes several for one, though they differ in their normal form. #}
SELECT count(*)
FROM (
  SELECT count(DISTINCT {{ form }}) AS number
  FROM {{ relation }} AS t
  GROUP BY {{ column }}
  HAVING count(DISTINCT {{ form }}) > 1
) AS g
