-- Each row is one person's own membership.
SELECT t.customer_id AS person, t.*
FROM wishlist_member AS t
