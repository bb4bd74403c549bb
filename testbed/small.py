"""A shop of four tables in a SQLite file: the warehouse of tests that drive requests.

SQLite plans a statement in microseconds where DuckDB takes milliseconds, and a request makes some thirty for
each table: one over this shop takes a sixth of the CPU time of one over `testbed.mini`, whose tables these are.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from testbed import mini

FILE = "shop.sqlite"

SCHEMA = """
CREATE TABLE customer (customer_id INTEGER, email VARCHAR, name VARCHAR, password_hash VARCHAR, score INTEGER);
CREATE TABLE orders (order_id INTEGER, customer_id INTEGER, ordered_at TIMESTAMP);
CREATE TABLE ticket (ticket_id INTEGER, customer_id INTEGER);
CREATE TABLE ticket_message (id INTEGER, ticket_id INTEGER, author_type VARCHAR, author VARCHAR, body VARCHAR);
INSERT INTO customer VALUES
  (1, 'ann@example.org', 'Ann', 'h1', 700), (2, 'bob@example.org', 'Bob', 'h2', 300),
  (3, 'old.ann@example.org', 'Cleo', 'h3', 500), (4, NULL, NULL, NULL, 100);
INSERT INTO orders VALUES (10, 1, '2024-01-01 10:00:00'), (11, 2, '2024-01-02 10:00:00'), (12, 1, NULL);
INSERT INTO ticket VALUES (1, 1), (2, 2);
INSERT INTO ticket_message VALUES (1, 1, 'customer', 'Ann', 'help'), (2, 1, 'agent', 'Zed', 'note'),
  (3, 1, 'bot', NULL, 'auto'), (4, 2, 'customer', 'Bob', 'help too'), (5, 2, 'alien', 'X', 'what');
"""

SHOP = """
source: shop
kind: sqlite
options: {path: "${MINI_SHOP}"}
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {nl: Account, en: Account}
    retention: {period: P40Y, from: orders.ordered_at}
    recipients: {name: Wachtpost B.V., country: NL}
    automated_decision: false
tables:
  customer:
    subject: {customer_id: customer_id, email: {column: email, match: casefold}}
    key: [customer_id]
    purposes: [account]
    columns:
      customer_id: {origin: assigned}
      email: {origin: provided, category: user.contact.email}
      name: {origin: provided}
      password_hash: {origin: derived, protect: secret}
      score: {origin: inferred, meaning: {nl: hoger is beter, en: higher is better}}
  orders:
    join: {customer_id: customer.customer_id}
    key: [order_id]
    purposes: [account]
    columns:
      order_id: {origin: assigned}
      customer_id: {origin: assigned}
      ordered_at: {origin: observed}
  ticket:
    subject: {customer_id: customer_id}
    key: [ticket_id]
    purposes: [account]
    columns:
      ticket_id: {origin: assigned}
      customer_id: {origin: assigned}
  ticket_message:
    join: {ticket_id: ticket.ticket_id}
    key: [id]
    purposes: [account]
    origin: {by: author_type, customer: provided, agent: assigned, bot: inferred, else: block}
    columns:
      id: {origin: assigned}
      ticket_id: {origin: assigned}
      author_type: {origin: assigned}
      author: {about: third_party, third_party: mask, when: [agent]}
      body: {}
"""

IDENTITY = """
person: customer_id
keys:
  customer_id: {unique: yes}
  email: {unique: over_time}
"""


def write_inventory(folder: Path, shop: str = SHOP) -> Path:
    """The four files of the inventory; `MINI_SHOP` in the environment is the path of the database."""
    mini.write_inventory(folder, shop)
    (folder / "identity.yml").write_text(IDENTITY, encoding="utf-8")
    return folder


def write_database(path: Path) -> Path:
    """The shop as a SQLite file."""
    path.write_bytes(_database())
    return path


def execute(path: Path, *statements: str) -> None:
    """Run SQL on the shop; a statement may be several, with semicolons between them."""
    with closing(sqlite3.connect(path)) as con:
        for statement in statements:
            con.executescript(statement)


@cache
def _database() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "shop.sqlite"
        with closing(sqlite3.connect(file)) as con:
            con.executescript(SCHEMA)
        return file.read_bytes()
