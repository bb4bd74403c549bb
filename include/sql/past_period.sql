{# How many rows of a table began each of their periods before its bound instant, in the row or in one that it
   leads to. The keys are the numbers of the periods. #}
SELECT count(*)
FROM {{ relation }} AS t
{% for alias, (parent, pairs) in joins.items() %}
JOIN {{ parent }} AS {{ alias }} ON {{ pairs | join(" AND ") }}
{% endfor %}
WHERE {% for day in began %}
{{ "AND " if loop.index0 }}{{ day }} < (SELECT k.valid_to FROM {{ keys }} AS k WHERE k.value = '{{ loop.index0 }}')
{% endfor %}
