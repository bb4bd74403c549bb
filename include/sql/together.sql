{# The rows of several persons: whose each is, what it holds of their key, the salt of their masks.
   `keys` holds the keys of all. A row that is a person's by several ways comes once for them. #}
{% macro matched(m) -%}
k.name = {{ m.key }}
  AND {{ m.holds }}
{% if m.instant %}
  AND (k.valid_from IS NULL OR {{ m.instant }} >= k.valid_from)
  AND (k.valid_to IS NULL OR {{ m.instant }} < k.valid_to)
{% elif not m.timeless %}
  AND k.is_current
{% endif %}
{%- endmacro %}
{% macro named(alias, columns) -%}
{% for column in columns %}{{ alias }}.{{ column }} AS {{ column }}{{ "" if loop.last else ", " }}{% endfor %}
{%- endmacro %}
{% macro reached(way, relation, alias, columns) %}
{% if way.relation is defined %}
SELECT {{ way.alias }}.afschrift_person AS afschrift_person, {{ way.alias }}.afschrift_held AS afschrift_held,
  {{ named(alias, columns) }}
FROM {{ relation }} AS {{ alias }}
JOIN {{ parents(way) }} ON {{ way.pairs | join(" AND ") }}
{% else %}
SELECT k.person AS afschrift_person, {{ way.text }} AS afschrift_held,
  {{ named(alias, columns) }}
FROM {{ relation }} AS {{ alias }}
JOIN {{ keys }} AS k ON {{ matched(way) }}
{% endif %}
{% if way.unless %}
WHERE {{ way.unless | join(" IS NULL AND ") }} IS NULL
{% endif %}
{% endmacro %}
{% macro parents(way) -%}
(
SELECT {{ way.alias }}.afschrift_person AS afschrift_person, min({{ way.alias }}.afschrift_held) AS afschrift_held,
  {% for name, by in way.theirs %}{{ by }} AS {{ name }}{{ "" if loop.last else ", " }}{% endfor %}

FROM (
{{ rows(way.belongs, way.relation, way.alias, way.columns) }}
) AS {{ way.alias }}
GROUP BY {{ way.alias }}.afschrift_person{% for _, by in way.theirs %}, {{ by }}{% endfor %}

) AS {{ way.alias }}
{%- endmacro %}
{% macro before(way, alias) -%}
NOT (
{% if way.unless %}{{ way.unless | join(" IS NULL AND ") }} IS NULL AND {% endif %}
{% if way.relation is defined %}
EXISTS (
SELECT 1 FROM {{ parents(way) }}
WHERE {{ way.alias }}.afschrift_person = {{ alias }}.afschrift_person AND {{ way.pairs | join(" AND ") }}
)
{% else %}
EXISTS (
SELECT 1 FROM {{ keys }} AS k
WHERE k.person = {{ alias }}.afschrift_person AND {{ matched(way) }}
)
{% endif %}
)
{%- endmacro %}
{% macro rows(belongs, relation, alias, columns) %}
{% for way in belongs %}
{% if loop.first %}
{{ reached(way, relation, alias, columns) }}
{% else %}
UNION ALL
SELECT {{ alias }}.afschrift_person, {{ alias }}.afschrift_held, {{ named(alias, columns) }}
FROM (
{{ reached(way, relation, alias, columns) }}
) AS {{ alias }}
WHERE {% for earlier in belongs[:loop.index0] %}{% if not loop.first %}
AND {% endif %}{{ before(earlier, alias) }}{% endfor %}

{% endif %}
{% endfor %}
{% endmacro %}
{% if salted %}
SELECT p.*, s.value AS afschrift_salt
FROM (
{{ rows(belongs, relation, "t", columns) }}
) AS p
JOIN {{ keys }} AS s ON s.person = p.afschrift_person AND s.name = {{ salted }}
{% else %}
{{ rows(belongs, relation, "t", columns) }}
{% endif %}
