"""Two PostgreSQL databases of a shop with as many tables as wanted, and the data map of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from testbed import mini, postgres

SOURCES = ("app", "shop")
PEOPLE = 200
ROWS = 5
"""Of each person in each table."""

FIRST_PERSON = 1_000

_SOURCE = """
source: {name}
kind: postgres
connection: {name}
zone: Europe/Amsterdam
purposes:
  sale:
    basis: A6-1-b
    title: {{nl: Verkoop, en: Sale}}
    retention: {{period: P2Y, trigger: {{nl: na de koop, en: after the sale}}}}
    recipients: []
    automated_decision: false
tables:
"""
_TABLE = """
  {name}:
    subject: {{customer_id: customer_id}}
    key: [id]
    purposes: [sale]
    columns:
      id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      at: {{origin: observed}}
      amount: {{origin: observed}}
      note: {{origin: provided}}
"""
_IDENTITY = """
person: customer_id
keys:
  customer_id: {unique: yes}
"""


def tables(source: str, count: int) -> list[str]:
    """Names of a source's tables, where both have `count` together."""
    return [
        f"{source}_{number:03}" for number in range(count) if number % len(SOURCES) == SOURCES.index(source)
    ]


def fill(database: postgres.Database, source: str, count: int) -> None:
    """Tables and rows of a source."""
    database.execute(*(statement for name in tables(source, count) for statement in _rows(name)))


def _rows(name: str) -> Iterator[str]:
    yield (
        f"CREATE UNLOGGED TABLE {name} (id bigint PRIMARY KEY, customer_id bigint, at timestamptz, "
        "amount numeric(12, 2), note text)"
    )
    yield (
        f"INSERT INTO {name} SELECT i, {FIRST_PERSON} + i % {PEOPLE}, "
        "'2024-01-01Z'::timestamptz + i * interval '1 min', i / 100.0, 'note ' || i "
        f"FROM generate_series(1, {PEOPLE * ROWS}) i"
    )
    yield f"CREATE INDEX ON {name} (customer_id)"


def inventory(count: int, queues: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Files of the data map, by name; `queues`: in which tasks read which source."""
    files = {
        f"{source}.yml": _run_in((queues or {}).get(source))
        + _SOURCE.format(name=source)
        + "".join(_TABLE.format(name=name) for name in tables(source, count))
        for source in SOURCES
    }
    return files | {"identity.yml": _IDENTITY, "controller.yml": mini.CONTROLLER, "policy.yml": mini.POLICY}


def _run_in(queue: str | None) -> str:
    return f"run_in: {{queue: {queue}}}" if queue else ""


def write_inventory(folder: Path, count: int, queues: Mapping[str, str] | None = None) -> Path:
    """The data map in a folder."""
    folder.mkdir(parents=True)
    for name, text in inventory(count, queues).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
