-- The rows of canary_shop.yml. The shop numbers the lines of an order from 1.
INSERT INTO "customer" ("customer_id", "email", "name", "password_hash", "score")
  VALUES (739182001, 'kwik7q3f9a002@example.org', 'kwik7q3f9a003', 'kwik7q3f9a004', 739182005);
INSERT INTO "customer_email" ("customer_id", "email", "valid_from")
  VALUES (739182001, 'kwik7q3f9a002@example.org', '1990-03-05 07:39:18+00:00');
INSERT INTO "device" ("customer_id", "device_id", "paired")
  VALUES (739182001, 'kwik7q3f9a006', '1990-03-05 07:39:18+00:00');
INSERT INTO "beat" ("device_id", "at", "bpm")
  VALUES ('kwik7q3f9a006', '2024-03-05 07:39:18+00:00', 739182008);
INSERT INTO "orders" ("order_id", "customer_id", "ordered_at")
  VALUES (739182009, 739182001, '2024-03-05 07:39:18');
INSERT INTO "line" ("order_id", "line_no", "sku", "price")
  VALUES (739182009, 1, 'kwik7q3f9a012', 10000013.50);
INSERT INTO "line_note" ("order_id", "line_no", "note")
  VALUES (739182009, 1, 'kwik7q3f9a014');
INSERT INTO "message" ("id", "sender", "recipient", "body", "reply_to")
  VALUES (739182015, 739182001, 739182001, 'kwik7q3f9a016', 739182015);
INSERT INTO "wishlist" ("list_id", "title")
  VALUES (739182017, 'kwik7q3f9a018');
INSERT INTO "member" ("list_id", "customer_id")
  VALUES (739182017, 739182001);
INSERT INTO "ticket" ("ticket_id", "customer_id")
  VALUES (739182019, 739182001);
INSERT INTO "ticket_message" ("id", "ticket_id", "author_type", "author", "body")
  VALUES (739182020, 739182019, 'customer', 'kwik7q3f9a021', 'kwik7q3f9a022');
INSERT INTO "ticket_message" ("id", "ticket_id", "author_type", "author", "body")
  VALUES (739182023, 739182019, 'agent', 'kwik7q3f9a024', 'kwik7q3f9a025');
INSERT INTO "ticket_message" ("id", "ticket_id", "author_type", "author", "body")
  VALUES (739182026, 739182019, 'bot', 'kwik7q3f9a027', 'kwik7q3f9a028');
INSERT INTO "shipment" ("id", "order_id", "customer_id", "carrier")
  VALUES (739182029, 739182009, 739182001, 'kwik7q3f9a030');
INSERT INTO "newsletter" ("email", "sent_at", "topic")
  VALUES ('kwik7q3f9a002@example.org', '2024-03-05 07:39:18+00:00', 'kwik7q3f9a032');
INSERT INTO "login" ("customer_id", "email", "at")
  VALUES (739182001, 'kwik7q3f9a002@example.org', '2024-03-05 07:39:18+00:00');
INSERT INTO "consent" ("customer_id", "purpose")
  VALUES (739182001, 'coaching');
