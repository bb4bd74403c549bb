-- A parcel names who ordered and who lives at the address: one person or two, each once.
WITH named AS (
  SELECT s.shipment_id, o.customer_id AS person FROM shipment AS s, orders AS o WHERE s.order_id = o.order_id
  UNION
  SELECT s.shipment_id, a.customer_id FROM shipment AS s, address AS a WHERE s.address_id = a.address_id
)
SELECT n.person, t.*
FROM shipment AS t LEFT JOIN named AS n ON n.shipment_id = t.shipment_id
