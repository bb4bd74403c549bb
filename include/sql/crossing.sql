{% from "person.sql" import person with context %}
{# Rows of a parent that are not the person's, and have what a row of theirs is joined by. #}
SELECT count(*)
FROM {{ relation }} AS t
WHERE EXISTS (
  SELECT 1 FROM {{ relation }} AS o
  WHERE {{ pairs | join(" AND ") }} AND
{{ person(theirs) }}
)
{% if bears %}
  AND ({{ bears | join(" IS NOT NULL OR ") }} IS NOT NULL)
{% endif %}
  AND NOT {{ person(own) }}
