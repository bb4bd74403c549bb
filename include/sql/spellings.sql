{% from "person.sql" import person with context %}
{# How many keys of a table differ in what their normal form leaves out: of the person, or of everybody. #}
SELECT count(DISTINCT {{ stored }}) - count(DISTINCT {{ form }}), count(CASE WHEN {{ stored }} <> {{ form }} THEN 1 END), count(*)
FROM {{ relation }} AS t
{% if belongs %}
WHERE {{ person(belongs) }}
{% endif %}
