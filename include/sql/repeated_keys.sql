SELECT count(*)
FROM (
  SELECT {{ columns | join(", ") }}
  FROM {{ relation }} AS t
  GROUP BY {{ columns | join(", ") }}
  HAVING count(*) > 1
) AS g
