{# Whether rows with the same values in some columns have the same masked value: the groups, their rows, groups #}
{# with several masked values, rows of groups below `least`, and masked values of groups of at least `least` rows. #}
SELECT count(*), sum(g.n), sum(CASE WHEN g.low = g.high THEN 0 ELSE 1 END),
  sum(CASE WHEN g.n < {{ least }} THEN g.n ELSE 0 END), count(DISTINCT CASE WHEN g.n >= {{ least }} THEN g.low END)
FROM (
  SELECT count(*) AS n, min({{ masked }}) AS low, max({{ masked }}) AS high
  FROM {{ relation }} AS t
  WHERE {{ present | join(" AND ") }}
  GROUP BY {{ by | join(", ") }}
) AS g
