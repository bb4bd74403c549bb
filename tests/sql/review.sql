-- Reviews of people who left have no number and name no one.
SELECT t.customer_id AS person, t.*
FROM review AS t
