-- A row knows a device alone: it is everybody's who had the device at that moment. Paired without a beginning
-- means from ever, without an end means still. A row between two owners, or of a device never paired, has no owner.
WITH named AS (
  SELECT DISTINCT r.device_id, r."searched_at", d.customer_id AS person
  FROM app.search AS r JOIN device AS d
    ON d.device_id = r.device_id
    AND coalesce(d.paired_at, '-infinity') <= r."searched_at"
    AND r."searched_at" < coalesce(d.unpaired_at, 'infinity')
)
SELECT n.person, t.*
FROM app.search AS t LEFT JOIN named AS n ON n.device_id = t.device_id AND n."searched_at" = t."searched_at"
