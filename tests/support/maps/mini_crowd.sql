INSERT INTO customer VALUES ({customer}, '{mail}', 'Customer {customer}', 'h', {number});
INSERT INTO customer_email VALUES ({customer}, 'old{mail}', '2020-01-01 00:00Z', '2023-01-01 00:00Z'), ({customer}, '{mail}', '2023-01-01 00:00Z', NULL);
INSERT INTO device VALUES ({customer}, '{device}', '2021-01-01 00:00Z', '2022-01-01 00:00Z'), ({after}, '{device}', '2022-01-01 00:00Z', NULL);
INSERT INTO beat VALUES ('{device}', '2021-06-01 08:00Z', 60), ('{device}', '2022-06-01 08:00Z', 61), ('{device}', '2020-01-01 08:00Z', 1);
INSERT INTO orders VALUES ({order}, {customer}, '2024-01-01 10:00'), ({order} + 1, {customer}, NULL);
INSERT INTO line VALUES ({order}, 2, 'b', 1.10), ({order}, 1, 'a', 2.00), ({order} + 1, 1, 'c', 0.05);
INSERT INTO line_note VALUES ({order}, 1, 'gift'), ({order}, 3, 'no such line'), ({order} + 1, 1, '{number}');
INSERT INTO message VALUES ({order}, {customer}, {after}, 'to the next', NULL), ({order} + 1, {after}, {customer}, 'back', {order}), ({order} + 2, {customer}, {customer}, 'self', {order} + 1), ({order} + 3, 4, 4, 'of others', {order});
INSERT INTO member VALUES ({order}, {customer}), ({order}, {after});
INSERT INTO wishlist VALUES ({order}, 'ours');
INSERT INTO ticket VALUES ({order}, {customer});
INSERT INTO ticket_message VALUES ({order}, {order}, 'customer', 'Me', 'help'), ({order} + 1, {order}, 'agent', 'Zed', 'note'), ({order} + 2, {order}, 'bot', NULL, 'auto');
INSERT INTO shipment VALUES ({order}, {order}, {customer}, 'A'), ({order} + 1, {order}, NULL, 'B'), ({order} + 2, NULL, {after}, 'A'), ({order} + 3, {order}, {after}, 'C');
INSERT INTO newsletter VALUES ('OLD{mail}', '2022-05-01 00:00Z', 'x'), ('{mail}', '2024-06-01 00:00Z', 'z'), ('old{mail}', '2024-05-01 00:00Z', 'y');
INSERT INTO login VALUES ({customer}, '{mail}', '2024-01-01 00:00Z'), (NULL, '{mail}', '2024-01-02 00:00Z'), ({after}, '{mail}', '2024-01-03 00:00Z');
INSERT INTO consent VALUES ({customer}, 'coaching', NULL)
