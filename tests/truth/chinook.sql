-- What a person gets of Chinook, by each right, from chinook.yml and by hand. README.md says how to read it.

-- people customer: the first, the middle and the last by number
SELECT customer_id FROM customer
WHERE customer_id IN (1, (SELECT FLOOR(COUNT(*) / 2) FROM customer), (SELECT MAX(customer_id) FROM customer))
ORDER BY customer_id;

-- access customer: customer
SELECT customer_id, first_name, last_name, company, address, city, state, country, postal_code, phone, fax, email,
       support_rep_id
FROM customer WHERE customer_id = :person;

-- access customer: invoice
SELECT invoice_id, customer_id, invoice_date, billing_address, billing_city, billing_state, billing_country,
       billing_postal_code, total
FROM invoice WHERE customer_id = :person;

-- access customer: invoice_line
SELECT l.invoice_line_id, l.invoice_id, l.track_id, l.unit_price, l.quantity
FROM invoice_line l JOIN invoice i ON i.invoice_id = l.invoice_id WHERE i.customer_id = :person;

-- access customer: track
SELECT DISTINCT t.track_id, t.name, t.album_id, t.media_type_id, t.genre_id
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
WHERE i.customer_id = :person;

-- access customer: album
SELECT DISTINCT a.album_id, a.title, a.artist_id
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
  JOIN album a ON a.album_id = t.album_id
WHERE i.customer_id = :person;

-- access customer: artist
SELECT DISTINCT r.artist_id, r.name
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
  JOIN album a ON a.album_id = t.album_id
  JOIN artist r ON r.artist_id = a.artist_id
WHERE i.customer_id = :person;

-- access customer: genre
SELECT DISTINCT g.genre_id, g.name
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
  JOIN genre g ON g.genre_id = t.genre_id
WHERE i.customer_id = :person;

-- access customer: media_type
SELECT DISTINCT m.media_type_id, m.name
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
  JOIN media_type m ON m.media_type_id = t.media_type_id
WHERE i.customer_id = :person;

-- portability customer: customer
SELECT customer_id, first_name, last_name, company, address, city, state, country, postal_code, phone, fax, email
FROM customer WHERE customer_id = :person;

-- portability customer: invoice
SELECT invoice_id, customer_id, invoice_date, billing_address, billing_city, billing_state, billing_country,
       billing_postal_code, total
FROM invoice WHERE customer_id = :person;

-- portability customer: invoice_line
SELECT l.invoice_line_id, l.invoice_id, l.track_id, l.unit_price, l.quantity
FROM invoice_line l JOIN invoice i ON i.invoice_id = l.invoice_id WHERE i.customer_id = :person;

-- portability customer: track
SELECT DISTINCT t.track_id, t.name, t.album_id, t.media_type_id, t.genre_id
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
WHERE i.customer_id = :person;

-- portability customer: album
SELECT DISTINCT a.album_id, a.title, a.artist_id
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
  JOIN album a ON a.album_id = t.album_id
WHERE i.customer_id = :person;

-- portability customer: artist
SELECT DISTINCT r.artist_id, r.name
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
  JOIN album a ON a.album_id = t.album_id
  JOIN artist r ON r.artist_id = a.artist_id
WHERE i.customer_id = :person;

-- portability customer: genre
SELECT DISTINCT g.genre_id, g.name
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
  JOIN genre g ON g.genre_id = t.genre_id
WHERE i.customer_id = :person;

-- portability customer: media_type
SELECT DISTINCT m.media_type_id, m.name
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id JOIN track t ON t.track_id = l.track_id
  JOIN media_type m ON m.media_type_id = t.media_type_id
WHERE i.customer_id = :person;

-- people employee: the first, the middle and the last by number
SELECT employee_id FROM employee
WHERE employee_id IN (1, (SELECT FLOOR(COUNT(*) / 2) FROM employee), (SELECT MAX(employee_id) FROM employee))
ORDER BY employee_id;

-- access employee: employee
SELECT employee_id, last_name, first_name, title, reports_to, birth_date, hire_date, address, city, state, country,
       postal_code, phone, fax, email
FROM employee WHERE employee_id = :person;

-- portability employee: employee
SELECT employee_id, last_name, first_name, birth_date, address, city, state, country, postal_code, phone, fax
FROM employee WHERE employee_id = :person;
