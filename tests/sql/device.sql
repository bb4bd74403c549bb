-- A pairing is the customer's whose number is in the row; its time does not matter here.
SELECT t.customer_id AS person, t.*
FROM device AS t
