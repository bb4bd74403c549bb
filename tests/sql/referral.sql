-- The row names who invited. The friend's address was typed by somebody else and proves nothing.
SELECT t.customer_id AS person, t.*
FROM referral AS t
