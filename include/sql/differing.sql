SELECT count(*)
FROM {{ relation }} AS t
WHERE {{ columns | join(" IS NOT NULL AND ") }} IS NOT NULL AND NOT ({{ same }})
