select id as customer_id, full_name, mail, born from {{ ref('raw_customers') }}
