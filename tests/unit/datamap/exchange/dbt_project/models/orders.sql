select id as order_id, customer_id, plant_id, ordered_at, price from {{ ref('raw_orders') }}
