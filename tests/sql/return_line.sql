-- What came back is the person's who ordered it.
SELECT o.customer_id AS person, t.*
FROM return_line AS t LEFT JOIN orders AS o ON o.order_id = t.order_id
