{% from "person.sql" import whose with context %}
{# Words for the person's rows, such as of their origins, with the number of rows of each; NULL is no word. #}
SELECT
{% if several %}
  o.afschrift_person AS afschrift_person,
{% endif %}
  o.{{ word[1] }} AS {{ word[1] }}, {{ number[0] }} AS {{ number[1] }}
FROM (
  SELECT {{ "t.afschrift_person AS afschrift_person, " if several }}{{ word[0] }} AS {{ word[1] }}
  FROM {{ relation }} AS t
  WHERE {{ whose(belongs) }}
) AS o
WHERE o.{{ word[1] }} IS NOT NULL
GROUP BY o.{{ word[1] }}
{%- if several %}, o.afschrift_person
ORDER BY 1
{% endif %}

