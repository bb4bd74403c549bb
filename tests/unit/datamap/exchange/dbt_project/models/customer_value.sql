select customer_id, sum(price) as total_spent, case when sum(price) > 5 then 'gold' else 'green' end as tier
from {{ ref('orders') }} group by customer_id
