{# How many keys of a table differ in what their normal form leaves out, how many are in another form, and
   how many rows have a key that another row has. #}
SELECT count(DISTINCT {{ stored }}) - count(DISTINCT {{ form }}), count(CASE WHEN {{ stored }} <> {{ form }} THEN 1 END),
  count({{ stored }}) - count(DISTINCT {{ stored }})
FROM {{ relation }} AS t
