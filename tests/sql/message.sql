-- A message names its sender and its recipient; written to oneself it names one person once.
WITH named AS (
  SELECT message_id, sender_id AS person FROM message
  UNION
  SELECT message_id, recipient_id FROM message
)
SELECT n.person, t.*
FROM message AS t LEFT JOIN named AS n ON n.message_id = t.message_id
