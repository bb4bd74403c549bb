-- The rows of canary.yml that the shop holds.
INSERT INTO "customer" ("customer_id", "customer_uuid", "user_name", "email", "first_name", "last_name", "date_of_birth", "phone", "language", "preferences", "marketing_opt_in", "created_at", "last_login_at", "status", "staff_note", "password_hash", "segment", "credit_score", "churn_probability")
  VALUES (739182019, '73918200-0000-4000-8000-000000000020', 'kwik7q3f9a021', 'kwik7q3f9a022@example.org', 'kwik7q3f9a023', 'kwik7q3f9a024', '1985-03-05', 'kwik7q3f9a025', 'nl', '{"canary": "kwik7q3f9a029"}', TRUE, '2024-03-05 07:39:18+00:00', '2024-03-05 07:39:18+00:00', 'A', 'kwik7q3f9a034', 'kwik7q3f9a035', 'S1', 1037, 7391858.5);
INSERT INTO "device" ("pairing_id", "customer_id", "device_id", "nickname", "model", "paired_at")
  VALUES (739182051, 739182019, 'kwik7q3f9a001', 'kwik7q3f9a052', 'kwik7q3f9a053', '1990-03-05 07:39:18+00:00');
INSERT INTO "login" ("login_id", "customer_id", "at", "ip", "user_agent", "method", "success")
  VALUES (739182063, 739182019, '2024-03-05 07:39:18+00:00', 'kwik7q3f9a065', 'kwik7q3f9a066', 'password', TRUE);
INSERT INTO "loyalty_account" ("card_number", "customer_id", "opened_on", "points", "tier")
  VALUES (739182087, 739182019, '2024-03-05', 739182089, 'brons');
