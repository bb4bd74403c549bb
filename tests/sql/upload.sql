-- The row has the customer's number.
SELECT t.customer_id AS person, t.*
FROM upload AS t
