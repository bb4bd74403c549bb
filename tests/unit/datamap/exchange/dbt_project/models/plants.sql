select id as plant_id, name from {{ ref('raw_plants') }}
