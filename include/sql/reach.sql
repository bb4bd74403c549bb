{# How many persons each row leads to: of all rows, and route by route. No value leaves the database. #}
SELECT
  count(*),
  count(CASE WHEN {{ nobody }} THEN 1 END),
  count(CASE WHEN {{ several }} THEN 1 END),
  count(CASE WHEN {{ unknown }} THEN 1 END){{ "," if spread }}
{% for condition in spread %}
  count(CASE WHEN {{ condition }} THEN 1 END){{ "" if loop.last else "," }}
{% endfor %}
FROM (
  SELECT
{% for low, high in ends %}
    {{ low }} AS low_{{ loop.index }}, {{ high }} AS high_{{ loop.index }}{{ "" if loop.last else "," }}
{% endfor %}
  FROM {{ relation }} AS t
) AS r
