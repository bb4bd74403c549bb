{% from "person.sql" import person with context %}
{# The condition of one person's rows, as it stands in the statements that read them. #}
WHERE {{ person(belongs) }}
