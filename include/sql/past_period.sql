{# How many rows of a table began their period before the bound instant, in the row or in the row it leads to. #}
SELECT count(*)
FROM {{ relation }} AS t
CROSS JOIN {{ keys }} AS k
{% if parent %}
JOIN {{ parent }} AS p ON {{ pairs | join(" AND ") }}
{% endif %}
WHERE {{ began }} < k.asked_at
