CREATE TABLE value (id INTEGER, customer_id INTEGER, words VARCHAR, code VARCHAR, whole HUGEINT,
  amount DECIMAL(38, 10), share DOUBLE, day DATE, seen TIMESTAMPTZ, document JSON, file_name VARCHAR, photo BLOB);
INSERT INTO value VALUES
  (1, 1, '\N', 'A', 9007199254740993, 1.1000000000, 'nan', '2024-02-29', '2024-10-27 00:30:00.5Z', '{"a": 1.10}',
   '../odd "name".PNG', '\x89PNG'::BLOB),
  (2, 1, '', 'B', -1, -0.0000000001, '-infinity', 'infinity', NULL, '[null]', NULL, ''::BLOB),
  (3, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, 1, E'line\r\nline, "quoted" é 😀', 'A', 0, 0, 0.1, '1899-12-31', '2024-01-01 00:00Z', '"text"', 'a.txt', 'txt'::BLOB);
