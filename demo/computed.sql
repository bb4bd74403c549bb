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

-- The part of these orders that came back, in percent; who has no order has no bill.
UPDATE profile SET sent_back = coalesce(found.share, 0), paid_on_time = CASE WHEN found.number > 0 THEN paid_on_time END
FROM (
    SELECT profile.customer_id, count(orders.order_id) AS number,
        CAST(100.0 * count(orders.order_id) FILTER (
                orders.status = 'R' OR orders.order_id IN (FROM return_line SELECT order_id)
            )
            / nullif(count(orders.order_id), 0) AS INTEGER) AS share
    FROM profile LEFT JOIN orders ON orders.customer_id = profile.customer_id
        AND CAST(ordered_at AT TIME ZONE 'Europe/Amsterdam' AS DATE) <= scored_on
    GROUP BY profile.customer_id
) AS found
WHERE found.customer_id = profile.customer_id
    AND profile.customer_id IN (SELECT customer_id FROM customer WHERE status <> 'P');

-- A point for each euro since the card was opened.
UPDATE loyalty_account SET points = coalesce((
    SELECT floor(sum(round(total / coalesce(exchange_rate, 1), 2))) FROM orders
    WHERE orders.customer_id = loyalty_account.customer_id
        AND CAST(ordered_at AT TIME ZONE 'Europe/Amsterdam' AS DATE) >= opened_on
), 0);
UPDATE loyalty_account SET tier = CASE WHEN points < 500 THEN 'brons' WHEN points < 2000 THEN 'zilver' ELSE 'goud' END;

UPDATE ticket SET status = CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END;

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

-- The text of a consent is the one of its day.
UPDATE consent SET text_version = CASE
    WHEN granted_at < '2024-01-01T00:00:00Z' THEN '2021-1'
    WHEN granted_at < '2025-07-01T00:00:00Z' THEN '2024-1'
    ELSE '2025-2' END;
