"""A shop of 17 tables with every kind of way to the person, in a database of a few rows.

For tests of its tables, ways and columns; where a test only needs a request, `testbed.small` is the shop.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

SCHEMA = """
CREATE TABLE customer (customer_id INTEGER, email VARCHAR, name VARCHAR, password_hash VARCHAR,
                       score INTEGER);
CREATE TABLE customer_email (customer_id INTEGER, email VARCHAR, valid_from TIMESTAMPTZ,
                             valid_to TIMESTAMPTZ);
CREATE TABLE device (customer_id INTEGER, device_id VARCHAR, paired TIMESTAMPTZ, unpaired TIMESTAMPTZ);
CREATE TABLE beat (device_id VARCHAR, "at" TIMESTAMPTZ, bpm INTEGER);
CREATE TABLE orders (order_id INTEGER, customer_id INTEGER, ordered_at TIMESTAMP);
CREATE TABLE line (order_id INTEGER, line_no INTEGER, sku VARCHAR, price DECIMAL(10,2));
CREATE TABLE line_note (order_id INTEGER, line_no INTEGER, note VARCHAR);
CREATE TABLE message (id INTEGER, sender INTEGER, recipient INTEGER, body VARCHAR, reply_to INTEGER);
CREATE TABLE member (list_id INTEGER, customer_id INTEGER);
CREATE TABLE wishlist (list_id INTEGER, title VARCHAR);
CREATE TABLE ticket (ticket_id INTEGER, customer_id INTEGER);
CREATE TABLE ticket_message (id INTEGER, ticket_id INTEGER, author_type VARCHAR, author VARCHAR, body VARCHAR);
CREATE TABLE shipment (id INTEGER, order_id INTEGER, customer_id INTEGER, carrier VARCHAR);
CREATE TABLE newsletter (email VARCHAR, sent_at TIMESTAMPTZ, topic VARCHAR);
CREATE TABLE login (customer_id INTEGER, email VARCHAR, "at" TIMESTAMPTZ);
CREATE TABLE consent (customer_id INTEGER, purpose VARCHAR, withdrawn_at TIMESTAMPTZ);
CREATE TABLE sku (sku VARCHAR, title VARCHAR);
INSERT INTO customer VALUES
  (1, 'ann@example.org', 'Ann', 'h1', 700), (2, 'bob@example.org', 'Bob', 'h2', 300),
  (3, 'old.ann@example.org', 'Cleo', 'h3', 500), (4, NULL, NULL, NULL, 100);
INSERT INTO customer_email VALUES
  (1, 'old.ann@example.org', '2020-01-01 00:00:00Z', '2023-01-01 00:00:00Z'), (1, 'ann@example.org', '2023-01-01 00:00:00Z', NULL),
  (3, 'old.ann@example.org', '2023-06-01 00:00:00Z', NULL), (2, 'bob@example.org', NULL, NULL);
INSERT INTO device VALUES
  (1, 'd1', '2021-01-01 00:00:00Z', '2022-01-01 00:00:00Z'), (2, 'd1', '2022-01-01 00:00:00Z', NULL),
  (2, 'tab', NULL, NULL), (3, 'tab', '2024-01-01 00:00:00Z', NULL), (1, 'd9', '2022-01-01 00:00:00Z', NULL);
INSERT INTO beat VALUES ('d1', '2021-06-01 08:00:00Z', 60), ('d1', '2022-01-01 00:00:00Z', 70),
  ('d1', '2023-01-01 00:00:00Z', 80), ('tab', '2024-02-01 00:00:00Z', 90), ('d9', '2022-03-01 00:00:00Z', 61);
INSERT INTO orders VALUES (10, 1, '2024-01-01 10:00:00'), (11, 2, '2024-01-02 10:00:00'), (12, 1, NULL);
INSERT INTO line VALUES (10, 2, 'b', 1.10), (10, 1, 'a', 2.00), (11, 1, 'a', 2.00), (12, 1, 'c', 0.05);
INSERT INTO line_note VALUES (10, 1, 'gift'), (11, 1, 'fragile'), (10, 3, 'no such line');
INSERT INTO message VALUES (1, 1, 2, 'hi', NULL), (2, 2, 1, 'hello', 1), (3, 2, 3, 'else', NULL),
  (4, 1, 1, 'self', NULL);
INSERT INTO member VALUES (1, 1), (1, 2), (2, 2), (1, 1);
INSERT INTO wishlist VALUES (1, 'ours'), (2, 'mine');
INSERT INTO ticket VALUES (1, 1), (2, 2);
INSERT INTO ticket_message VALUES (1, 1, 'customer', 'Ann', 'help'), (2, 1, 'agent', 'Zed', 'note'),
  (3, 1, 'bot', NULL, 'auto'), (4, 2, 'customer', 'Bob', 'help too'), (5, 2, 'alien', 'X', 'what');
INSERT INTO shipment VALUES (1, 10, 1, 'A'), (2, 10, NULL, 'B'), (3, NULL, 2, 'A'), (4, 11, 1, 'C');
INSERT INTO newsletter VALUES ('OLD.ann@example.org', '2022-05-01 00:00:00Z', 'x'), ('old.ann@example.org', '2024-05-01 00:00:00Z', 'y'),
  ('ann@example.org', '2024-06-01 00:00:00Z', 'z');
INSERT INTO login VALUES (1, 'ann@example.org', '2024-01-01 00:00:00Z'), (NULL, 'ann@example.org', '2024-01-02 00:00:00Z'),
  (2, 'ann@example.org', '2024-01-03 00:00:00Z');
INSERT INTO consent VALUES (1, 'coaching', NULL), (2, 'coaching', '2024-01-01 00:00:00Z');
INSERT INTO sku VALUES ('a', 'Apple');
"""

SHOP = """
source: shop
kind: duckdb
options: {path: "${MINI_SHOP}", threads: 1}
settled:
  - &known {code: others_key_given, table: message, column: sender, of: "0", until: 2999-01-01, by: Data office,
            on: 2026-11-02, why: Both know each other.}
  - {<<: *known, column: recipient}
  - {<<: *known, code: origin_not_by_row, column: ""}
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {nl: Account, en: Account}
    retention: {period: P40Y, from: orders.ordered_at}
    recipients: {from: shipment.carrier}
    automated_decision: false
  coaching:
    basis: A6-1-a
    special: A9-2-a
    title: {nl: Coaching, en: Coaching}
    consent: {table: consent, column: purpose, value: coaching, withdrawn: withdrawn_at}
    retention: {period: P40Y, from: beat.at}
    recipients: []
  security:
    basis: A6-1-f
    title: {nl: Beveiliging, en: Security}
    retention: {period: P1Y, trigger: {nl: nadat u inlogde, en: after you logged in}}
    recipients: {name: Wachtpost B.V., country: NL}
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
  customer_email:
    subject:
      customer_id: customer_id
      email: {column: email, match: casefold, valid_from: valid_from, valid_to: valid_to}
    key: [customer_id, valid_from]
    purposes: [account]
    columns:
      customer_id: {origin: assigned}
      email: {origin: provided}
      valid_from: {origin: observed}
      valid_to: {origin: observed}
  device:
    subject:
      customer_id: customer_id
      device_id: {column: device_id, valid_from: paired, valid_to: unpaired}
    key: [device_id, customer_id]
    purposes: [account]
    columns:
      customer_id: {origin: assigned}
      device_id: {origin: observed}
      paired: {origin: observed}
      unpaired: {origin: observed}
  beat:
    subject: {device_id: {column: device_id, at: at}}
    key: [device_id, at]
    purposes: [coaching]
    columns:
      device_id: {origin: observed}
      at: {origin: observed}
      bpm: {origin: observed, unit: "/min"}
  orders:
    join: {customer_id: customer.customer_id}
    key: [order_id]
    purposes: [account]
    columns:
      order_id: {origin: assigned}
      customer_id: {origin: assigned}
      ordered_at: {origin: observed}
  line:
    join: {order_id: orders.order_id}
    key: [order_id, line_no]
    purposes: [account]
    columns:
      order_id: {origin: assigned}
      line_no: {origin: assigned}
      sku: {origin: observed}
      price: {origin: observed}
  line_note:
    join: {order_id: line.order_id, line_no: line.line_no}
    purposes: [account]
    columns:
      order_id: {origin: assigned}
      line_no: {origin: assigned}
      note: {origin: provided}
  message:
    join:
      - {sender: customer.customer_id}
      - {recipient: customer.customer_id}
      - {reply_to: message.id}
    key: [id]
    purposes: [account]
    columns:
      id: {origin: assigned}
      sender: {origin: assigned}
      recipient: {origin: assigned}
      body: {origin: provided, about: third_party, third_party: own_use}
      reply_to: {origin: assigned}
  member:
    subject: {customer_id: customer_id}
    join: {list_id: wishlist.list_id}
    purposes: [account]
    columns:
      list_id: {origin: assigned}
      customer_id: {origin: assigned}
  wishlist:
    join: {list_id: member.list_id}
    shared_rows: {by: Data office, on: 2026-11-02, why: A list is of all who keep it together.}
    key: [list_id]
    purposes: [account]
    columns:
      list_id: {origin: assigned}
      title: {origin: provided}
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
  shipment:
    subject: {customer_id: customer_id}
    join: {order_id: orders.order_id}
    shared_rows: {by: Data office, on: 2026-11-02, why: A parcel is of who ordered it and of who gets it.}
    key: [id]
    purposes: [account]
    columns:
      id: {origin: assigned}
      order_id: {origin: assigned}
      customer_id: {origin: assigned}
      carrier: {origin: assigned}
  newsletter:
    subject: {email: {column: email, match: casefold, at: sent_at}}
    purposes: [account]
    columns:
      email: {origin: provided}
      sent_at: {origin: observed}
      topic: {origin: assigned}
  login:
    subject: {customer_id: customer_id, email: {column: email, match: casefold, at: at}}
    purposes: [security]
    columns:
      customer_id: {origin: assigned}
      email:
        origin: provided
        mentions: {settled: not_given, by: Data office, on: 2026-11-27, why: Someone else typed the address there., never_own: A login of the person has their number.}
      at: {origin: observed}
  consent:
    subject: {customer_id: customer_id}
    purposes: [account]
    columns:
      customer_id: {origin: assigned}
      purpose: {origin: assigned}
      withdrawn_at: {origin: observed}
  sku:
    personal: false
    columns: {sku: {origin: not_personal}, title: {origin: not_personal}}
"""

SQLITE_SHOP = SHOP.replace("kind: duckdb", "kind: sqlite").replace(", threads: 1", "")
"""The same over SQLite, which takes a third of the time for a request."""

IDENTITY = """
person: customer_id
keys:
  customer_id: {unique: yes}
  email: {unique: over_time}
  device_id: {unique: over_time}
"""

CONTROLLER = """
name: Voorbeeld B.V.
address: Dorpsstraat 1, 1234 AB Voorbeeldstad
body: private
contact: privacy@example.org
dpo: fg@example.org
zone: Europe/Amsterdam
country: NL
languages: [nl, en]
authority:
  nl: Autoriteit Persoonsgegevens, Postbus 93374, 2509 AJ Den Haag
  en: Dutch Data Protection Authority, PO Box 93374, 2509 AJ The Hague
authority_url: https://autoriteitpersoonsgegevens.nl
court: {nl: "de rechtbank, binnen zes weken", en: "the court, within six weeks"}
court_late: {nl: "de rechtbank, zonder vaste termijn", en: "the court, without a fixed term"}
"""

POLICY = """
observed: {choice: true, approved_by: board, on: 2026-01-05, dpo_advice: follow the authority}
join_keys: {choice: true, approved_by: board, on: 2026-01-05, dpo_advice: needed for reuse}
legitimate_interest: {choice: false, approved_by: board, on: 2026-01-05, dpo_advice: not needed}
"""


def write_inventory(folder: Path, shop: str = SHOP) -> Path:
    """The four files of the mini inventory."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"shop.yml": shop, "identity.yml": IDENTITY, "controller.yml": CONTROLLER, "policy.yml": POLICY}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def write_database(path: Path) -> Path:
    """The mini shop as a DuckDB file; `.sqlite`: as a SQLite file."""
    path.write_bytes(_database(path.suffix))
    return path


@cache
def _database(suffix: str) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"shop{suffix}"
        if suffix == ".sqlite":
            with closing(sqlite3.connect(file)) as lite:
                lite.executescript(SCHEMA)
        else:
            with duckdb.connect(str(file)) as con:
                con.execute(SCHEMA)
        return file.read_bytes()
