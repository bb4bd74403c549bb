-- The row has the customer's number.
SELECT t.customer_id AS person, t.*
FROM login AS t
