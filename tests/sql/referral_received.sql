-- The same rows name the friend by an address: they are theirs too who have it on the day of the request. In
-- whatever case it was typed.
SELECT e.customer_id AS person, t.*
FROM referral AS t LEFT JOIN customer_email AS e
  ON lower(e.email) = lower(t.friend_email)
  AND e.valid_to IS NULL
