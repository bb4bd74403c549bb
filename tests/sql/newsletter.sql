-- The row knows an address alone: it is the person's who had that address at that moment. The moment at
-- which an address changes hands is the next one's. In whatever case it was typed.
SELECT e.customer_id AS person, t.*
FROM newsletter AS t LEFT JOIN customer_email AS e
  ON lower(e.email) = lower(t.email)
  AND coalesce(e.valid_from, '-infinity') <= t.subscribed_at
  AND t.subscribed_at < coalesce(e.valid_to, 'infinity')
