{% from "person.sql" import holds with context %}
{# The person who has a key at the moment of the request. #}
SELECT DISTINCT {{ owner.text }}
FROM {{ relation }} AS t
WHERE EXISTS (
  SELECT 1 FROM {{ keys }} AS k
  WHERE {{ holds(link, key) }}
{% if link.from %}
    AND ({{ link.from }} IS NULL OR {{ link.from }} <= k.asked_at)
{% endif %}
{% if link.to %}
    AND ({{ link.to }} IS NULL OR k.asked_at < {{ link.to }})
{% endif %}
)
AND {{ owner.column }} IS NOT NULL
