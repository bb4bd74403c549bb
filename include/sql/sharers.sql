{% from "person.sql" import holds with context %}
{# Other persons who hold one of the person's keys at the same time: counted, never named. #}
SELECT count(DISTINCT {{ owner.form }})
FROM {{ relation }} AS t
WHERE {{ owner.column }} IS NOT NULL
{% if owner.sides %}
  AND {{ owner.sides[0] }} NOT IN (
    SELECT {{ owner.sides[1] }} FROM {{ keys }} AS k WHERE k.name = {{ person }} AND {{ owner.sides[1] }} IS NOT NULL
  )
{% else %}
  AND NOT EXISTS (SELECT 1 FROM {{ keys }} AS k WHERE {{ holds(owner, person) }})
{% endif %}
  AND EXISTS (
    SELECT 1 FROM {{ keys }} AS k
    WHERE {{ holds(link, key) }}
{% if not (link.from or link.to) %}
      AND k.is_current
{% endif %}
{% if link.from %}
      AND ({{ link.from }} IS NULL OR k.valid_to IS NULL OR {{ link.from }} < k.valid_to)
{% endif %}
{% if link.to %}
      AND ({{ link.to }} IS NULL OR k.valid_from IS NULL OR k.valid_from < {{ link.to }})
{% endif %}
  )
