-- A list is everybody's who keeps it.
SELECT m.customer_id AS person, t.*
FROM wishlist AS t LEFT JOIN wishlist_member AS m ON m.wishlist_id = t.wishlist_id
