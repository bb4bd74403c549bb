-- Tables that say nothing about a person.
CREATE TABLE carrier (name VARCHAR PRIMARY KEY, country VARCHAR, website VARCHAR);
CREATE TABLE category (category_id INTEGER PRIMARY KEY, parent_id INTEGER, name VARCHAR);
CREATE TABLE product (
    product_id INTEGER PRIMARY KEY, sku VARCHAR, title VARCHAR, category_id INTEGER,
    price DECIMAL(18, 2), attributes JSON, in_stock BOOLEAN
);
CREATE TABLE exchange_rate (
    currency VARCHAR, day DATE, rate DECIMAL(38, 10), PRIMARY KEY (currency, day)
);

-- Who the person is.
CREATE TABLE customer (
    customer_id BIGINT PRIMARY KEY, customer_uuid UUID, user_name VARCHAR, email VARCHAR,
    first_name VARCHAR, last_name VARCHAR, date_of_birth DATE, phone VARCHAR, "language" VARCHAR,
    interests VARCHAR[],
    settings STRUCT(theme VARCHAR, reminders BOOLEAN, sizes STRUCT(shoe DECIMAL(4, 1), shirt VARCHAR)),
    preferences JSON, marketing_opt_in BOOLEAN, created_at TIMESTAMPTZ, last_login_at TIMESTAMPTZ,
    status VARCHAR, staff_note VARCHAR, password_hash VARCHAR, segment VARCHAR, credit_score SMALLINT,
    churn_probability DOUBLE
);
CREATE TABLE customer_email (
    customer_id BIGINT, email VARCHAR, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ,
    PRIMARY KEY (customer_id, valid_from)
);
CREATE TABLE address (
    address_id BIGINT PRIMARY KEY, customer_id BIGINT, kind ENUM('home', 'delivery', 'work'), street VARCHAR,
    "house no" VARCHAR, postcode VARCHAR, city VARCHAR, country VARCHAR, instructions VARCHAR,
    valid_until DATE, latitude DOUBLE, longitude DOUBLE
);
CREATE TABLE device (
    pairing_id BIGINT PRIMARY KEY, customer_id BIGINT, device_id VARCHAR, nickname VARCHAR, model VARCHAR,
    paired_at TIMESTAMPTZ, unpaired_at TIMESTAMPTZ
);
CREATE TABLE consent (
    customer_id BIGINT, purpose VARCHAR, granted_at TIMESTAMPTZ, withdrawn_at TIMESTAMPTZ,
    text_version VARCHAR, proof STRUCT(ip VARCHAR, user_agent VARCHAR, form VARCHAR),
    PRIMARY KEY (customer_id, purpose)
);
CREATE TABLE login (
    login_id BIGINT PRIMARY KEY, customer_id BIGINT, "at" TIMESTAMPTZ, ip VARCHAR, user_agent VARCHAR,
    method VARCHAR, success BOOLEAN
);
CREATE TABLE newsletter (
    email VARCHAR, topic VARCHAR, subscribed_at TIMESTAMPTZ, unsubscribed_at TIMESTAMPTZ, opens INTEGER,
    PRIMARY KEY (email, topic, subscribed_at)
);

-- What the shop thinks of the person, and what it bought about them.
CREATE TABLE profile (
    customer_id BIGINT PRIMARY KEY, region VARCHAR, order_count INTEGER, total_spent DECIMAL(18, 2),
    household_guess VARCHAR, interests_guess VARCHAR[], embedding FLOAT[4], model_version VARCHAR,
    scored_on DATE, paid_on_time SMALLINT, sent_back SMALLINT
);
CREATE TABLE enrichment (
    customer_id BIGINT, supplier VARCHAR, supplied_on DATE, household_class VARCHAR, income_band VARCHAR,
    owns_car BOOLEAN, certainty DOUBLE, PRIMARY KEY (customer_id, supplier)
);
CREATE TABLE loyalty_account (
    card_number BIGINT PRIMARY KEY, customer_id BIGINT, opened_on DATE, points HUGEINT, tier VARCHAR
);

-- What the person bought.
CREATE TABLE orders (
    order_id BIGINT PRIMARY KEY, customer_id BIGINT, address_id BIGINT, ordered_at TIMESTAMPTZ,
    placed_local TIMESTAMP, delivery_date DATE, delivery_from TIME, status VARCHAR, payment_method VARCHAR,
    card_token VARCHAR, currency VARCHAR, exchange_rate DECIMAL(38, 10), total DECIMAL(18, 2),
    is_gift BOOLEAN, gift_message VARCHAR
);
CREATE TABLE order_line (
    order_id BIGINT, line_no SMALLINT, product_id INTEGER, product_title VARCHAR, quantity INTEGER,
    unit_price DECIMAL(18, 2), discount DECIMAL(38, 10), options MAP(VARCHAR, VARCHAR), engraving VARCHAR,
    PRIMARY KEY (order_id, line_no)
);
CREATE TABLE return_line (
    return_id BIGINT PRIMARY KEY, order_id BIGINT, line_no SMALLINT, returned_at TIMESTAMPTZ,
    reason VARCHAR, remark VARCHAR, inspection VARCHAR, refund DECIMAL(18, 2)
);
CREATE TABLE shipment (
    shipment_id BIGINT PRIMARY KEY, order_id BIGINT, address_id BIGINT, carrier VARCHAR,
    tracking_code VARCHAR, shipped_at TIMESTAMPTZ, delivered_at TIMESTAMPTZ, weight_g INTEGER,
    signed_by VARCHAR
);

-- What the person did and wrote.
CREATE TABLE search_history (
    search_id BIGINT PRIMARY KEY, customer_id BIGINT, searched_at TIMESTAMPTZ, query VARCHAR,
    filters JSON, results INTEGER
);
CREATE TABLE page_view (
    customer_id BIGINT, "at" TIMESTAMPTZ, path VARCHAR, "from" VARCHAR, stay INTERVAL,
    scroll_depth DOUBLE, visit_no HUGEINT
);
CREATE TABLE review (
    review_id BIGINT PRIMARY KEY, customer_id BIGINT, product_id INTEGER, product_title VARCHAR,
    rating TINYINT, title VARCHAR, body VARCHAR, tags VARCHAR[], written_at TIMESTAMPTZ,
    helpful_votes INTEGER, sentiment FLOAT, shop_reply VARCHAR
);
CREATE TABLE review_file (
    file_id BIGINT PRIMARY KEY, review_id BIGINT, path VARCHAR, file_name VARCHAR, media_type VARCHAR,
    bytes INTEGER, sha256 VARCHAR, uploaded_at TIMESTAMPTZ
);
CREATE TABLE message (
    message_id BIGINT PRIMARY KEY, sender_id BIGINT, recipient_id BIGINT, sender_name VARCHAR,
    recipient_name VARCHAR, sent_at TIMESTAMPTZ, read_at TIMESTAMPTZ, subject VARCHAR, body VARCHAR,
    attachments VARCHAR[], reply_to BIGINT
);
CREATE TABLE referral (
    referral_id UUID PRIMARY KEY, customer_id BIGINT, friend_email VARCHAR, friend_name VARCHAR,
    note VARCHAR, referred_at TIMESTAMPTZ, friend_joined BOOLEAN, reward DECIMAL(18, 2)
);
CREATE TABLE wishlist (
    wishlist_id BIGINT PRIMARY KEY, title VARCHAR, occasion_on DATE, shared BOOLEAN, created_at TIMESTAMPTZ
);
CREATE TABLE wishlist_member (
    wishlist_id BIGINT, customer_id BIGINT, role VARCHAR, joined_at TIMESTAMPTZ,
    PRIMARY KEY (wishlist_id, customer_id)
);
CREATE TABLE wishlist_item (
    wishlist_id BIGINT, item_no INTEGER, product_id INTEGER, product_title VARCHAR, added_by BIGINT,
    added_at TIMESTAMPTZ, note VARCHAR, PRIMARY KEY (wishlist_id, item_no)
);
CREATE TABLE upload (
    upload_id UUID PRIMARY KEY, customer_id BIGINT, file_name VARCHAR, media_type VARCHAR, content BLOB,
    uploaded_at TIMESTAMPTZ, exif STRUCT(camera VARCHAR, taken_at TIMESTAMP, gps STRUCT(lat DOUBLE, lon DOUBLE))
);

-- What the person asked the help desk.
CREATE TABLE ticket (
    ticket_id BIGINT PRIMARY KEY, customer_id BIGINT, contact_email VARCHAR, subject VARCHAR,
    opened_at TIMESTAMPTZ, closed_at TIMESTAMPTZ, status VARCHAR, priority VARCHAR, tags VARCHAR[],
    agent_id INTEGER, satisfaction TINYINT, summary VARCHAR
);
CREATE TABLE ticket_message (
    message_id BIGINT PRIMARY KEY, ticket_id BIGINT, author_type VARCHAR, agent_name VARCHAR,
    sent_at TIMESTAMPTZ, body VARCHAR, sentiment FLOAT
);
