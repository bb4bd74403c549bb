{% from "person.sql" import scoped, whose with context %}
{# FROM and WHERE of an extract, for what else is asked of the same rows. #}
FROM {{ relation }} AS t
WHERE {{ whose(belongs) }}
{{ scoped(scope) }}
