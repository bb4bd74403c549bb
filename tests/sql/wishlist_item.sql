-- All members of the list see all of it, also what another member added.
SELECT m.customer_id AS person, t.*
FROM wishlist_item AS t LEFT JOIN wishlist_member AS m ON m.wishlist_id = t.wishlist_id
