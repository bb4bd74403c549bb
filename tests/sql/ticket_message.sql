-- A talk is the person's who asked, also the lines that others wrote: by number, or else by the address of that day.
SELECT coalesce(q.customer_id, e.customer_id) AS person, t.*
FROM ticket_message AS t JOIN ticket AS q ON q.ticket_id = t.ticket_id
LEFT JOIN customer_email AS e
  ON q.customer_id IS NULL
  AND lower(e.email) = lower(q.contact_email)
  AND coalesce(e.valid_from, '-infinity') <= q.opened_at
  AND q.opened_at < coalesce(e.valid_to, 'infinity')
