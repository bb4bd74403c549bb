SELECT count(*), count(CASE WHEN EXISTS (SELECT 1 FROM {{ parent }} AS p WHERE {{ pairs | join(" AND ") }}) THEN 1 END)
FROM {{ relation }} AS t
WHERE {{ columns | join(" IS NOT NULL AND ") }} IS NOT NULL
