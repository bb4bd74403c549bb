"""The small shop of `make scenario-morning`: its customers, data map and people, and a source that can go down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from testbed.mini import POLICY
from tests.support.family import CONTROLLER
from tests.support.installed import set_up
from tests.support.parts import Club
from tests.support.reviewing import policy

BODY = "My neighbour Grietje Zuiderwijk (grietje@example.net) saw the parcel."

_SHOP = """
source: shop
kind: duckdb
options: {path: "${MINI_SHOP}"}
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {nl: Account, en: Account}
    retention: {period: P2Y, from: orders.ordered_at}
    recipients: []
    automated_decision: false
tables:
  customer:
    subject: {customer_id: customer_id, email: {column: email, match: casefold}}
    key: [customer_id]
    purposes: [account]
    columns:
      customer_id: {origin: assigned}
      email: {origin: provided, category: user.contact.email, identifies: true}
      name: {origin: provided, identifies: true}
      born: {origin: provided, category: user.demographic.date_of_birth}
      score: {origin: inferred, meaning: {nl: hoger is beter, en: higher is better}}
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
  ticket:
    subject: {customer_id: customer_id}
    key: [ticket_id]
    purposes: [account]
    columns:
      ticket_id: {origin: assigned}
      customer_id: {origin: assigned}
      body: {origin: provided, category: user.content.private, free_text: true}
  sku:
    personal: false
    columns: {sku: {origin: not_personal}, title: {origin: not_personal}}
"""
_IDENTITY = """
person: customer_id
keys:
  customer_id: {unique: yes}
  email: {unique: over_time}
birth_date: shop.customer.born
"""
_TABLES = """
CREATE TABLE customer (customer_id INTEGER, email VARCHAR, name VARCHAR, born DATE, score INTEGER);
CREATE TABLE orders (order_id INTEGER, customer_id INTEGER, ordered_at TIMESTAMP);
CREATE TABLE line (order_id INTEGER, line_no INTEGER, sku VARCHAR);
CREATE TABLE ticket (ticket_id INTEGER, customer_id INTEGER, body VARCHAR);
CREATE TABLE sku (sku VARCHAR, title VARCHAR);
INSERT INTO customer SELECT n, 'c' || n || '@example.org', 'Customer ' || n,
  CASE WHEN n IN (111, 112) THEN CAST(current_date - INTERVAL 12 YEAR AS DATE) ELSE DATE '1980-05-05' END, 500
  FROM range(101, 141) t(n);
INSERT INTO customer VALUES (4, NULL, NULL, NULL, 100);
INSERT INTO orders SELECT n, n, TIMESTAMP '2026-02-02 10:00' FROM range(101, 141) t(n);
INSERT INTO line SELECT n, 1, 'a' FROM range(101, 141) t(n);
INSERT INTO sku VALUES ('a', 'Apple');
"""


@contextmanager
def office(folder: Path) -> Iterator[Club]:
    """The installation, which the environment names while this is open; its source that can go down."""
    from afschrift.cli.common import actor

    options = folder / "portal.json"
    options.touch(mode=0o600)
    options.write_text(json.dumps({"link": "https://portal.example.org/answers/{file}", "days": 14}))
    club, inventory = Club(folder), _inventory(folder / "inventory")
    club.declare(inventory)
    variables = {
        "AFSCHRIFT_INVENTORY": str(inventory),
        "AFSCHRIFT_MAIL": str(folder / "mail.json"),
        "AFSCHRIFT_DEMO": "0",
        "AFSCHRIFT_DESTINATION_PORTAL": str(folder / "home" / "portal"),
        "AFSCHRIFT_DESTINATION_PORTAL_OPTIONS": str(options),
        "MINI_SHOP": str(_warehouse(folder / "shop.duckdb")),
    }
    people = {
        "Anna": {"accounts": ["airflow:anna", actor()], "roles": ["officer", "intake"]},
        "Sam": {"accounts": ["airflow:sam"], "roles": ["second_signer"]},
        "Kim": {"accounts": ["airflow:kim"], "roles": ["keeper"]},
        "Dirk": {"accounts": ["airflow:dirk"], "roles": ["dpo"]},
    }
    with set_up(folder / "home", variables):
        (folder / "home" / "roles.yml").write_text(json.dumps({"people": people}), encoding="utf-8")
        yield club


def _inventory(folder: Path) -> Path:
    files = {
        "shop": _SHOP,
        "identity": _IDENTITY,
        "controller": CONTROLLER,
        "policy": POLICY + policy("flagged"),
    }
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def _warehouse(path: Path) -> Path:
    """Customers 101 to 140, and one of whom only a score is held; two wrote of a neighbour."""
    with duckdb.connect(str(path)) as con:
        con.execute(_TABLES)
        con.executemany("INSERT INTO ticket VALUES (?, ?, ?)", [(n, n, BODY) for n in (131, 132)])
    return path
