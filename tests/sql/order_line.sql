-- A line is the person's who ordered.
SELECT o.customer_id AS person, t.*
FROM order_line AS t LEFT JOIN orders AS o ON o.order_id = t.order_id
