-- The row names who invited; for the friend it is referral_received.
SELECT t.customer_id AS person, t.*
FROM referral AS t
