CREATE TABLE customer (customer_id INTEGER, name VARCHAR);
CREATE TABLE address (address_id INTEGER, customer_id INTEGER, street VARCHAR, number INTEGER, city VARCHAR);
CREATE TABLE staff (staff_id INTEGER, first_name VARCHAR, last_name VARCHAR);
CREATE TABLE category (category_id INTEGER, name VARCHAR, parent_id INTEGER);
CREATE TABLE film (film_id INTEGER, title VARCHAR, category_id INTEGER, rating VARCHAR);
CREATE TABLE copy (store_id INTEGER, copy_no INTEGER, name VARCHAR, holds INTEGER);
CREATE TABLE taste (taste_id INTEGER, customer_id INTEGER, sort VARCHAR, nickname VARCHAR);
CREATE TABLE rental (rental_id INTEGER, customer_id INTEGER, film_id INTEGER, store_id INTEGER, copy_no INTEGER,
                     rented_from INTEGER, returned_to INTEGER, sent_to INTEGER, taste_id INTEGER, score INTEGER);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO address VALUES (1, 1, 'Dorpsstraat', 5, 'Ergens'), (2, 2, 'Secret Lane', 9, 'Elders'),
  (3, 1, 'Brink', NULL, 'Ergens');
INSERT INTO staff VALUES (1, 'Jon', 'Stephens'), (2, 'Mike', NULL);
INSERT INTO category VALUES (1, 'Fiction', NULL), (2, 'Horror', 1), (3, 'Splatter', 2);
INSERT INTO copy VALUES (1, 1, 'Blue tape', 10), (1, 2, 'Red tape', 11), (2, 1, 'Green tape', 77);
INSERT INTO taste VALUES (7, 1, 'Sweet', 'Canary Nickname Quux');
