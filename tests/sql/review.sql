-- Reviews of people who left have no number and name nobody.
SELECT t.customer_id AS person, t.*
FROM review AS t
