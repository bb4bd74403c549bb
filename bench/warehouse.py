"""The PostgreSQL database that is measured on: a wide table of awkward types, and orders with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from testbed import mini, postgres

EVENT = """
CREATE TYPE mood AS ENUM ('calm', 'busy', 'away');
CREATE UNLOGGED TABLE event (
  event_id bigint, customer_id bigint, amount numeric(38, 10), tiny numeric, at timestamptz,
  local_at timestamp, day date, clock time, lasted interval, token uuid, detail jsonb,
  address inet, numbers int[], tags text[], payload bytea, note text,
  flag boolean, measure float8, mood mood);
"""

EVENT_ROWS = """
INSERT INTO event
SELECT i, %(person)s, i * 1.0000000007, 1e-20 * (i %% 97),
  '2024-01-01Z'::timestamptz + i * interval '1.000007 s',
  '2024-01-01'::timestamp + i * interval '1 min', '2000-01-01'::date + (i %% 9000)::int,
  '00:00'::time + (i %% 86400) * interval '1 s', (i %% 5000) * interval '1 min',
  ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid,
  jsonb_build_object('n', i, 'price', 1.10, 'of', jsonb_build_array(i %% 7, 'é')),
  ('10.' || i %% 250 || '.' || i %% 249 || '.' || i %% 248)::inet, ARRAY[i %% 10, i %% 11]::int[],
  ARRAY['a' || i %% 13, 'b"c'], decode(md5(i::text), 'hex'),
  CASE WHEN i %% 10 = 0 THEN NULL ELSE 'A note, "quoted", number ' || i END, i %% 3 = 0, i / 7.0::float8,
  (ARRAY['calm', 'busy', 'away'])[1 + i %% 3]::mood
FROM generate_series(%(first)s, %(last)s) i;
"""

ORDERS = """
CREATE UNLOGGED TABLE orders (
  order_id bigint PRIMARY KEY, customer_id bigint, placed_at timestamptz, total numeric(12, 2));
CREATE UNLOGGED TABLE order_line (
  line_id bigint PRIMARY KEY, order_id bigint, sku text, quantity int, price numeric(12, 2), note text,
  gift boolean, weight float8);
"""

READINGS = """
CREATE UNLOGGED TABLE reading (
  reading_id bigint PRIMARY KEY, customer_id bigint, at timestamptz, bpm int, steps int, kcal numeric(8, 2),
  place text, resting boolean);
"""

READING_ROWS = """
INSERT INTO reading
SELECT i, %(person)s, '2024-01-01Z'::timestamptz + i * interval '1 min', 50 + (i %% 120)::int,
  (i %% 300)::int, i %% 1000 / 100.0, 'place ' || i %% 50, i %% 3 = 0
FROM generate_series(%(first)s, %(last)s) i;
"""

ORDER_ROWS = """
INSERT INTO orders SELECT i, %(person)s, '2024-01-01Z'::timestamptz + i * interval '1 min', i %% 1000 / 100.0
FROM generate_series(%(first)s, %(last)s) i;
INSERT INTO order_line SELECT 2 * i + n, i, 'sku-' || (i + n) %% 5000, 1 + n, i %% 100 / 10.0,
  'line ' || n || ' of ' || i, n = 1, i / 3.0
FROM generate_series(%(first)s, %(last)s) i, generate_series(0, 1) n;
"""

INVENTORY = """
source: wide
kind: postgres
connection: bench
unlisted: ignore
zone: UTC
purposes:
  account: {basis: A6-1-b, title: {nl: Account, en: Account}}
tables:
  event:
    subject: {customer_id: customer_id}
    key: [event_id]
    purposes: [account]
    columns:
"""

ORDER_INVENTORY = """
source: sales
kind: postgres
connection: bench
unlisted: ignore
zone: UTC
purposes:
  account: {basis: A6-1-b, title: {nl: Account, en: Account}}
tables:
  orders:
    subject: {customer_id: customer_id}
    key: [order_id]
    purposes: [account]
    columns:
      order_id: {origin: provided}
      customer_id: {origin: provided}
      placed_at: {origin: provided}
      total: {origin: provided}
  order_line:
    join: {order_id: orders.order_id}
    key: [line_id]
    purposes: [account]
    columns:
"""

READING_INVENTORY = """
source: band
kind: postgres
connection: bench
unlisted: ignore
zone: UTC
purposes:
  account: {basis: A6-1-b, title: {nl: Account, en: Account}}
tables:
  reading:
    subject: {customer_id: customer_id}
    key: [reading_id]
    purposes: [account]
    columns:
"""

COLUMNS = (
    *("event_id", "customer_id", "amount", "tiny", "at", "local_at", "day", "clock", "lasted", "token"),
    *("detail", "address", "numbers", "tags", "payload", "note", "flag", "measure", "mood"),
)
LINE_COLUMNS = ("line_id", "order_id", "sku", "quantity", "price", "note", "gift", "weight")
READING_COLUMNS = ("reading_id", "customer_id", "at", "bpm", "steps", "kcal", "place", "resting")
READINGS_OF_ONE = 100_000
WEARER = 500

_SOURCES = {
    "wide": (INVENTORY, COLUMNS),
    "sales": (ORDER_INVENTORY, LINE_COLUMNS),
    "band": (READING_INVENTORY, READING_COLUMNS),
}


@dataclass(frozen=True)
class Warehouse:
    """A filled database.

    Attributes:
        events: number of rows -> the customer who has so many events.
        orders: number of orders -> the customer who has so many, each with two lines.
    """

    database: postgres.Database
    events: dict[int, int]
    orders: dict[int, int]


@contextmanager
def filled(events: Sequence[int], orders: Sequence[int]) -> Iterator[Warehouse]:
    """A database with one customer for each number of events, and one for each number of orders."""
    with postgres.running() as server:
        database = server.create()
        with psycopg.connect(
            database.libpq, autocommit=True, cursor_factory=psycopg.ClientCursor
        ) as connection:
            connection.execute(EVENT)
            connection.execute(ORDERS)
            connection.execute(READINGS)
            connection.execute(READING_ROWS, {"person": WEARER, "first": 1, "last": READINGS_OF_ONE})
            people: dict[int, int] = {}
            first = 1
            for person, rows in enumerate(events, start=1):
                connection.execute(EVENT_ROWS, {"person": person, "first": first, "last": first + rows - 1})
                people[rows] = person
                first += rows
            buyers: dict[int, int] = {}
            first = 1
            for person, count in enumerate(orders, start=1_000):
                connection.execute(ORDER_ROWS, {"person": person, "first": first, "last": first + count - 1})
                buyers[count] = person
                first += count
            for statement in (
                "CREATE INDEX ON event (customer_id)",
                "ALTER TABLE event ADD PRIMARY KEY (event_id)",
                "CREATE INDEX ON orders (customer_id)",
                "CREATE INDEX ON reading (customer_id)",
                "CREATE INDEX ON order_line (order_id)",
                "VACUUM ANALYZE",
            ):
                connection.execute(statement)
        try:
            yield Warehouse(database, people, buyers)
        finally:
            server.drop(database)


def write_inventory(folder: Path, source: str) -> Path:
    """The inventory of one source: `wide`, `sales` or `band`."""
    folder.mkdir(parents=True)
    text, columns = _SOURCES[source]
    listing = "".join(f"      {name}: {{origin: provided}}\n" for name in columns)
    (folder / f"{source}.yml").write_text(text + listing, encoding="utf-8")
    for name, content in (
        ("identity", mini.IDENTITY),
        ("controller", mini.CONTROLLER),
        ("policy", mini.POLICY),
    ):
        (folder / f"{name}.yml").write_text(content, encoding="utf-8")
    return folder
