-- Visits without a log-in name no one. Some rows occur twice, and then they count twice.
SELECT t.customer_id AS person, t.*
FROM page_view AS t
