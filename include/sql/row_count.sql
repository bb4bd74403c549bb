{# How many rows a table has, counted no further than the bound. #}
SELECT count(*)
FROM (
SELECT 1 AS one
FROM {{ relation }} AS t
LIMIT {{ most }}
) AS counted
