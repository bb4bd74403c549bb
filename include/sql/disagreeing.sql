SELECT count(*)
FROM {{ relation }} AS t
JOIN {{ parent }} AS p ON {{ pairs | join(" AND ") }}
WHERE NOT ({{ same }})
