-- All who keep the list see all of it, whoever put a thing there.
SELECT m.customer_id AS person, t.*
FROM wishlist_item AS t LEFT JOIN wishlist_member AS m ON m.wishlist_id = t.wishlist_id
