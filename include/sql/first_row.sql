{# The first row of a table that holds nothing personal, to point to. #}
SELECT {{ columns | join(", ") }}
FROM {{ relation }} AS t
ORDER BY {{ columns | join(", ") }}
LIMIT 1
