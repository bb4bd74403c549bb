-- Visits without a log-in name nobody. Some rows stand twice, and then they count twice.
SELECT t.customer_id AS person, t.*
FROM page_view AS t
