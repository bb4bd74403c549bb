-- What the shop computes from its own rows, as the data map says that it does.

-- Orders up to the day of the computation; in euro by the rate of the order.
UPDATE profile SET order_count = found.number, total_spent = found.spent
FROM (
    SELECT customer_id, count(*) AS number, sum(round(total / coalesce(exchange_rate, 1), 2)) AS spent
    FROM orders JOIN profile USING (customer_id)
    WHERE CAST(ordered_at AT TIME ZONE 'Europe/Amsterdam' AS DATE) <= scored_on
    GROUP BY customer_id
) AS found
WHERE found.customer_id = profile.customer_id;
UPDATE profile SET order_count = 0, total_spent = 0 WHERE customer_id NOT IN (
    SELECT customer_id FROM orders JOIN profile USING (customer_id)
    WHERE CAST(ordered_at AT TIME ZONE 'Europe/Amsterdam' AS DATE) <= scored_on
);

-- The part of the country of the first address, by the first digit of its postcode.
UPDATE profile SET region = (
    SELECT CASE left(postcode, 1) WHEN '1' THEN 'West' WHEN '2' THEN 'West' WHEN '3' THEN 'Midden'
        WHEN '4' THEN 'Zuid' WHEN '5' THEN 'Zuid' WHEN '6' THEN 'Oost' WHEN '7' THEN 'Oost' ELSE 'Noord' END
    FROM address WHERE address.customer_id = profile.customer_id ORDER BY address_id LIMIT 1
);

-- 5 points for each percent of bills paid in time, 25 for each whole year up to ten, and 250 less 5 for each
-- percent sent back. What is not known gives no points and takes none off. The prospect has no account.
UPDATE customer SET credit_score =
    5 * coalesce(paid_on_time, 0)
    + 25 * least(10, greatest(0, date_sub('year', CAST(created_at AS DATE), scored_on)))
    + 250 - 5 * least(50, coalesce(sent_back, 0))
FROM profile
WHERE profile.customer_id = customer.customer_id AND customer.status <> 'P';
