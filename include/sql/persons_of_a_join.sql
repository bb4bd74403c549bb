SELECT max(g.persons)
FROM (
  SELECT count(DISTINCT {{ own }}) AS persons
  FROM {{ relation }} AS t
  WHERE {{ columns | join(" IS NOT NULL AND ") }} IS NOT NULL
  GROUP BY {{ columns | join(", ") }}
) AS g
