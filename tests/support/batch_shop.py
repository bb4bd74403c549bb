"""The one shop with masks and a consent of each person, its crowd, and what one who knows SQL reads of a customer."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
from sqlalchemy.engine import make_url
from tests.support import one_shop
from tests.support.crowd import FIRST, crowd
from tests.support.one_shop import Tables

WITHOUT_CONSENT, TOO_LONG = FIRST - 1, FIRST - 2
"""Customers beside the crowd: one who did not consent to coaching, one of whom a cell is beyond `cell_limit`."""

_PURPOSE = """
  coaching:
    basis: A6-1-a
    title: {nl: Coaching, en: Coaching}
    consent: {table: consent, column: purpose, value: coaching, withdrawn: withdrawn}
    retention: {period: P1Y, from: login.seen}
    recipients: []
tables:
"""
_TABLES = """
  consent:
    subject: {customer_id: customer_id}
    key: [customer_id, purpose]
    purposes: [sale]
    columns:
      customer_id: {origin: assigned}
      purpose: {origin: assigned}
      withdrawn: {origin: observed}
  coaching:
    subject: {customer_id: customer_id}
    key: [session_no]
    purposes: [coaching]
    columns:
      session_no: {origin: assigned}
      customer_id: {origin: assigned}
      wish: {origin: provided}
  contact:
    subject: {customer_id: customer_id}
    key: [contact_id]
    purposes: [sale]
    columns:
      contact_id: {origin: assigned}
      customer_id: {origin: assigned}
      agent: {origin: observed, about: third_party, third_party: mask}
      said: {origin: provided}
"""


def tables(customers: int) -> Tables:
    """The crowd, the two customers beside it, and their rows of three tables more."""
    made = crowd(customers)
    everybody = [*range(FIRST, FIRST + customers), WITHOUT_CONSENT, TOO_LONG]
    for customer in (WITHOUT_CONSENT, TOO_LONG):
        made["customer"][1].append(
            (
                customer,
                f"who.{customer}@example.org",
                f"Customer {customer}",
                None,
                None,
                None,
                None,
                customer,
                None,
            )
        )
    ids = "INTEGER"
    consents = [(person, "coaching", None) for person in everybody if person != WITHOUT_CONSENT]
    made["consent"] = ({"customer_id": ids, "purpose": "VARCHAR(20)", "withdrawn": "{datetime}"}, consents)
    sessions = [
        (person * 10 + n, person, f"wish {n} of {person}")
        for person in everybody
        for n in range(1 + person % 3)
    ]
    made["coaching"] = ({"session_no": ids, "customer_id": ids, "wish": "VARCHAR(40)"}, sessions)
    talks = [
        (
            person * 10 + n,
            person,
            None if n == 1 else f"Agent {n}",
            f'talk {n}; of "{person}"\n' + "é" * (person % 7),
        )
        for person in everybody
        for n in range(person % 4)
    ]
    talks.append((TOO_LONG * 10 + 9, TOO_LONG, None, "x" * 1_100_000))
    columns = {"contact_id": ids, "customer_id": ids, "agent": "VARCHAR(40)", "said": "{long}"}
    made["contact"] = (columns, talks)
    return made


def write_inventory(folder: Path, kind: str, more: str) -> Path:
    """The inventory; a cell may have 1 MB."""
    if "options:" in more:
        more = more.replace("}", ", cell_limit: 1}")
    else:
        more += "\noptions: {cell_limit: 1}"
    one_shop.write_inventory(folder, kind, more)
    shop = folder / "shop.yml"
    text = shop.read_text(encoding="utf-8").replace("\ntables:\n", _PURPOSE, 1) + _TABLES
    shop.write_text(text, encoding="utf-8")
    return folder


# table -> its statement; `{bytes}` compares two texts by their bytes
BY_HAND = {
    "customer": "SELECT customer_id, email, name, born, joined, balance, ratio, points, photo FROM customer "
    "WHERE customer_id = {c}",
    "login": "SELECT customer_id, email, seen, page FROM login WHERE customer_id = {c} "
    "OR (customer_id IS NULL AND {bytes}(lower(email)) = {bytes}('who.{c}@example.org'))",
    "orders": "SELECT order_id, customer_id FROM orders WHERE customer_id = {c}",
    "line": "SELECT l.order_id, l.line_no, l.price FROM line l JOIN orders o ON {bytes}(o.order_id) = {bytes}(l.order_id) "
    "WHERE o.customer_id = {c}",
    "consent": "SELECT customer_id, purpose, withdrawn FROM consent WHERE customer_id = {c}",
    "coaching": "SELECT session_no, customer_id, wish FROM coaching WHERE customer_id = {c}",
    "contact": "SELECT contact_id, customer_id, agent, said FROM contact WHERE customer_id = {c}",
}
ORDER = {
    "customer": (0,),
    "login": (3,),
    "orders": (0,),
    "line": (0, 1),
    "consent": (0, 1),
    "coaching": (0,),
    "contact": (0,),
}
"""table -> the places of its key."""

Ask = Callable[[str, int], list[dict[str, str | None]]]
"""A table and a customer -> their rows in order, in value forms, before masks."""


def by_hand(kind: str, place: str) -> Iterator[Ask]:
    """The warehouse read by its own client, without the product."""
    if kind == "postgres":
        connection: Any = psycopg.connect(place)
        connection.execute("SET TimeZone = 'UTC'")
    elif kind == "mysql":
        url = make_url(place)
        connection = pymysql.connect(
            unix_socket=str(url.query["unix_socket"]),
            user=url.username or "",
            database=url.database,
            charset="utf8mb4",
        )
        connection.cursor().execute("SET time_zone = '+00:00'")
    else:
        connection = duckdb.connect(":memory:" if kind == "parquet" else place, read_only=kind != "parquet")
        connection.execute("SET TimeZone = 'UTC'")
        for table in BY_HAND if kind == "parquet" else ():
            connection.execute(f"CREATE VIEW {table} AS FROM '{place}/{table}/part.parquet'")

    def ask(table: str, customer: int) -> list[dict[str, str | None]]:
        cursor = connection.cursor()
        cursor.execute(BY_HAND[table].format(c=customer, bytes="BINARY" if kind == "mysql" else ""))
        names = [column[0] for column in cursor.description]
        rows = sorted(cursor.fetchall(), key=lambda row: [_sorted(row[place]) for place in ORDER[table]])
        return [
            {name: _form(value, name == "seen") for name, value in zip(names, row, strict=True)}
            for row in rows
        ]

    with closing(connection):
        yield ask


def _sorted(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _form(value: Any, instant: bool) -> str | None:
    """A value as the file spells it."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        text = value.replace(tzinfo=None).isoformat()
        return f"{text}Z" if instant else text
    return value.isoformat() if isinstance(value, date) else str(value)
