"""A film rental whose rows point to rows of other tables in every way that a data map can say.

Customer 1 rents; customer 2 is another person, whose address customer 1 sent a film to.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
from testbed.mini import write_inventory

HOSTILE = "</script><img src=x onerror=alert(1)>"
BACKWARDS = "\u202eTFEL\u2066 שלום"
LONG = "Zoë " * 300
NICKNAME = "Canary Nickname Quux"
"""Guessed by the shop: access tells it, portability does not."""

SCHEMA = (
    """
CREATE TABLE customer (customer_id INTEGER, name VARCHAR);
CREATE TABLE address (address_id INTEGER, customer_id INTEGER, street VARCHAR, number INTEGER, city VARCHAR);
CREATE TABLE staff (staff_id INTEGER, first_name VARCHAR, last_name VARCHAR);
CREATE TABLE category (category_id INTEGER, name VARCHAR, parent_id INTEGER);
CREATE TABLE film (film_id INTEGER, title VARCHAR, category_id INTEGER, rating VARCHAR);
CREATE TABLE copy (store_id INTEGER, copy_no INTEGER, name VARCHAR);
CREATE TABLE taste (taste_id INTEGER, customer_id INTEGER, sort VARCHAR, nickname VARCHAR);
CREATE TABLE rental (rental_id INTEGER, customer_id INTEGER, film_id INTEGER, store_id INTEGER, copy_no INTEGER,
                     rented_from INTEGER, returned_to INTEGER, sent_to INTEGER, taste_id INTEGER, score INTEGER);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO address VALUES (1, 1, 'Dorpsstraat', 5, 'Ergens'), (2, 2, 'Secret Lane', 9, 'Elders'),
  (3, 1, 'Brink', NULL, 'Ergens');
INSERT INTO staff VALUES (1, 'Jon', 'Stephens'), (2, 'Mike', NULL);
INSERT INTO category VALUES (1, 'Fiction', NULL), (2, 'Horror', 1), (3, 'Splatter', 2);
INSERT INTO copy VALUES (1, 1, 'Blue tape'), (1, 2, 'Red tape'), (2, 1, 'Green tape');
INSERT INTO taste VALUES (7, 1, 'Sweet', '"""
    + NICKNAME
    + """');
"""
)

RENTALS = (
    # rental, film, store, copy, rented from, returned to, sent to, taste
    (1, 10, 1, 1, 1, 2, 1, 7),
    (2, 11, 1, 2, 1, 1, 2, 7),  # sent to another person's address, which is not in the answer
    (3, 12, 2, 1, 2, None, 3, None),
    (4, 13, 2, None, None, None, None, None),  # half of a composite key
    (5, 14, 9, 9, 9, None, None, None),  # a copy and a person who are not there
    (6, 99, None, None, 1, None, None, None),  # a film that is not there
    (7, 15, None, None, None, None, None, None),
)
FILMS = (
    (10, "Academy Dinosaur", 2, "PG"),
    (11, HOSTILE, 1, "G"),
    (12, BACKWARDS, 3, "G"),
    (13, LONG, 3, "G"),
    (14, None, None, None),
    (15, " two\nlines\x00 ", 1, None),
)

TEXT = """
source: rental
kind: duckdb
options: {path: "${RENTAL}", threads: 1}
title: {nl: Videotheek, en: Film rental}
purposes:
  account:
    basis: A6-1-b
    title: {nl: Verhuur, en: Renting}
    retention: {period: P2Y, trigger: {nl: nadat u huurde, en: after you rented}}
    recipients: []
    automated_decision: false
tables:
  customer:
    title: {nl: Klant, en: Customer}
    subject: {customer_id: customer_id}
    key: [customer_id]
    purposes: [account]
    columns: {customer_id: {origin: assigned}, name: {origin: provided}}
  address:
    title: {nl: Adressen, en: Addresses}
    subject: {customer_id: customer_id}
    key: [address_id]
    label: [street, number, city]
    purposes: [account]
    columns:
      address_id: {origin: assigned}
      customer_id: {origin: assigned}
      street: {origin: provided}
      number: {origin: provided}
      city: {origin: provided}
  staff:
    title: {nl: Personeel, en: Staff}
    join: [{staff_id: rental.rented_from}, {staff_id: rental.returned_to}]
    shared_rows: {by: Data office, on: 2026-11-02, why: Members of staff serve everybody.}
    key: [staff_id]
    label: [first_name, last_name]
    purposes: [account]
    columns:
      staff_id: {origin: assigned}
      first_name: {origin: observed}
      last_name: {origin: observed}
  category:
    title: {nl: Genres, en: Genres}
    join: [{category_id: film.category_id}, {category_id: category.parent_id}]
    references: {parent_id: category.category_id}
    key: [category_id]
    label: name
    purposes: [account]
    columns:
      category_id: {origin: observed}
      name: {origin: observed}
      parent_id: {origin: observed}
  film:
    title: {nl: Films, en: Films}
    join: {film_id: rental.film_id}
    key: [film_id]
    label: title
    purposes: [account]
    columns:
      film_id: {origin: observed}
      title: {origin: observed, title: {nl: Titel, en: Title}}
      category_id: {origin: observed}
      rating: {origin: observed}
  copy:
    title: {nl: Banden, en: Tapes}
    join: {store_id: rental.store_id, copy_no: rental.copy_no}
    key: [store_id, copy_no]
    label: name
    purposes: [account]
    columns: {store_id: {origin: observed}, copy_no: {origin: observed}, name: {origin: observed}}
  taste:
    title: {nl: Smaak, en: Taste}
    subject: {customer_id: customer_id}
    key: [taste_id]
    label: [sort, nickname]
    purposes: [account]
    columns:
      taste_id: {origin: observed}
      customer_id: {origin: assigned}
      sort: {origin: provided}
      nickname: {origin: inferred, meaning: {nl: wat u lust, en: what you like}}
  rental:
    title: {nl: Gehuurd, en: Rented}
    subject: {customer_id: customer_id}
    references: {sent_to: address.address_id, taste_id: taste.taste_id}
    key: [rental_id]
    purposes: [account]
    columns:
      rental_id: {origin: assigned}
      customer_id: {origin: assigned}
      film_id: {origin: observed}
      store_id: {origin: observed}
      copy_no: {origin: observed}
      rented_from: {origin: observed}
      returned_to: {origin: observed}
      sent_to: {origin: observed}
      taste_id: {origin: observed}
      score: {origin: provided}
"""


def write_rental(folder: Path, text: str = TEXT) -> tuple[Path, Path]:
    """The inventory of the rental, and its database."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "rental.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute(SCHEMA)
        con.executemany("INSERT INTO film VALUES (?, ?, ?, ?)", FILMS)
        con.executemany("INSERT INTO rental VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, NULL)", RENTALS)
        con.execute("INSERT INTO rental VALUES (50, 2, 10, 1, 1, 1, 1, 2, NULL, NULL)")
    return write_map(folder, text.replace("${RENTAL}", str(database))), database


def write_map(folder: Path, text: str = TEXT) -> Path:
    """The inventory alone."""
    inventory = write_inventory(folder / "inventory", text)
    return (inventory / "shop.yml").rename(inventory / "rental.yml").parent
