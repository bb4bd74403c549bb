-- A file is the person's who wrote its review.
SELECT r.customer_id AS person, t.*
FROM review_file AS t JOIN review AS r ON r.review_id = t.review_id
