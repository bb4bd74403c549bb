{# How many rows of a table have a key that another one has. #}
SELECT count({{ stored }}) - count(DISTINCT {{ stored }})
FROM {{ relation }} AS t
