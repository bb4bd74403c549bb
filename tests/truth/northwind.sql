-- What a person gets of Northwind, by each right, from northwind.yml and by hand. README.md says how to read it.

-- people customer: the first and the last by number, and who ordered most
(SELECT MIN(customer_id) AS customer_id FROM customers)
UNION (SELECT MAX(customer_id) FROM customers)
UNION (SELECT customer_id FROM (SELECT customer_id, COUNT(*) AS n FROM orders GROUP BY customer_id
       ORDER BY n DESC, customer_id LIMIT 1) most)
ORDER BY 1;

-- access customer: customers
SELECT customer_id, company_name, contact_name, contact_title, address, city, region, postal_code, country, phone, fax
FROM customers WHERE customer_id = :person;

-- access customer: customer_customer_demo
SELECT customer_id, customer_type_id FROM customer_customer_demo WHERE customer_id = :person;

-- access customer: orders
SELECT order_id, customer_id, employee_id, order_date, required_date, shipped_date, ship_via, freight, ship_name,
       ship_address, ship_city, ship_region, ship_postal_code, ship_country
FROM orders WHERE customer_id = :person;

-- access customer: order_details
SELECT d.order_id, d.product_id, d.unit_price, d.quantity, d.discount
FROM order_details d JOIN orders o ON o.order_id = d.order_id WHERE o.customer_id = :person;

-- access customer: products
SELECT DISTINCT p.product_id, p.product_name, p.category_id
FROM orders o JOIN order_details d ON d.order_id = o.order_id JOIN products p ON p.product_id = d.product_id
WHERE o.customer_id = :person;

-- access customer: categories
SELECT DISTINCT c.category_id, c.category_name
FROM orders o JOIN order_details d ON d.order_id = o.order_id JOIN products p ON p.product_id = d.product_id
  JOIN categories c ON c.category_id = p.category_id
WHERE o.customer_id = :person;

-- access customer: shippers
SELECT DISTINCT s.shipper_id, s.company_name
FROM orders o JOIN shippers s ON s.shipper_id = o.ship_via WHERE o.customer_id = :person;

-- access customer: customer_demographics
SELECT DISTINCT d.customer_type_id, d.customer_desc
FROM customer_customer_demo c JOIN customer_demographics d ON d.customer_type_id = c.customer_type_id
WHERE c.customer_id = :person;

-- portability customer: customers
SELECT customer_id, company_name, contact_name, contact_title, address, city, region, postal_code, country, phone, fax
FROM customers WHERE customer_id = :person;

-- portability customer: orders
SELECT order_id, customer_id, order_date, required_date, shipped_date, ship_via, freight, ship_name, ship_address,
       ship_city, ship_region, ship_postal_code, ship_country
FROM orders WHERE customer_id = :person;

-- portability customer: order_details
SELECT d.order_id, d.product_id, d.unit_price, d.quantity, d.discount
FROM order_details d JOIN orders o ON o.order_id = d.order_id WHERE o.customer_id = :person;

-- portability customer: products
SELECT DISTINCT p.product_id, p.product_name, p.category_id
FROM orders o JOIN order_details d ON d.order_id = o.order_id JOIN products p ON p.product_id = d.product_id
WHERE o.customer_id = :person;

-- portability customer: categories
SELECT DISTINCT c.category_id, c.category_name
FROM orders o JOIN order_details d ON d.order_id = o.order_id JOIN products p ON p.product_id = d.product_id
  JOIN categories c ON c.category_id = p.category_id
WHERE o.customer_id = :person;

-- portability customer: shippers
SELECT DISTINCT s.shipper_id, s.company_name
FROM orders o JOIN shippers s ON s.shipper_id = o.ship_via WHERE o.customer_id = :person;

-- people employee: the first, the middle and the last by number
SELECT employee_id FROM employees
WHERE employee_id IN (1, (SELECT FLOOR(COUNT(*) / 2) FROM employees), (SELECT MAX(employee_id) FROM employees))
ORDER BY employee_id;

-- access employee: employees
SELECT employee_id, last_name, first_name, title, title_of_courtesy, birth_date, hire_date, address, city, region,
       postal_code, country, home_phone, extension, photo, notes, reports_to, photo_path
FROM employees WHERE employee_id = :person;

-- access employee: employee_territories
SELECT employee_id, territory_id FROM employee_territories WHERE employee_id = :person;

-- access employee: territories
SELECT DISTINCT t.territory_id, t.territory_description, t.region_id
FROM employee_territories e JOIN territories t ON t.territory_id = e.territory_id WHERE e.employee_id = :person;

-- access employee: region
SELECT DISTINCT r.region_id, r.region_description
FROM employee_territories e JOIN territories t ON t.territory_id = e.territory_id
  JOIN region r ON r.region_id = t.region_id
WHERE e.employee_id = :person;

-- portability employee: employees
SELECT employee_id, last_name, first_name, title_of_courtesy, birth_date, address, city, region, postal_code, country,
       home_phone, photo
FROM employees WHERE employee_id = :person;
