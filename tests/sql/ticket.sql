-- The number decides. Where there is none, the address does, for who had it when the question was asked.
SELECT coalesce(t.customer_id, e.customer_id) AS person, t.*
FROM ticket AS t LEFT JOIN customer_email AS e
  ON t.customer_id IS NULL
  AND lower(e.email) = lower(t.contact_email)
  AND coalesce(e.valid_from, '-infinity') <= t.opened_at
  AND t.opened_at < coalesce(e.valid_to, 'infinity')
