-- The customer's number stands in the row.
SELECT t.customer_id AS person, t.*
FROM profile AS t
