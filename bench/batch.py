"""What a person costs whose rows are read together with others', and what they cost alone.

    python -m bench.batch [--kind postgres|indexed|duckdb|lake|sqlite] [--persons 400] [--rows 2000000]
                          [--alone 20] [--without-search]

One table of 2,000,000 rows, 40 of each customer, in no order of customers. Requests are planned first; then
the first ones are extracted alone, and all of them together; as many of those as went alone go on to their
bundles. Prints milliseconds of CPU a person, the server's included, and how often more one alone costs: of
reading and staging alone, of the step `extract`, and of the whole request. What many requests share is
measured on some: `--alone` of them. `--without-search` leaves the search by text out of both, as it is made
for each person by itself.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psutil
from testbed import postgres as pg
from testbed.mini import CONTROLLER, IDENTITY, POLICY
from testbed.running import installation, store

from afschrift.batch.fulfil_batch import extract_batch
from afschrift.batch.source_pass import TOGETHER
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from bench.batch_parts import parts

_EACH = 40
_SOURCE = """
source: shop
kind: {kind}
{more}
purposes:
  sale:
    basis: A6-1-b
    title: {{nl: Verkoop, en: Sale}}
    retention: {{period: P40Y, from: event.at}}
    recipients: []
tables:
  event:
    subject: {{customer_id: customer_id}}
    key: [event_id]
    purposes: [sale]
    columns:
      event_id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      at: {{origin: observed}}
      amount: {{origin: observed}}
      shop: {{origin: observed}}
      device: {{origin: observed}}
      note: {{origin: provided}}
"""
ROWS = """
SELECT i AS event_id, (CAST(i AS BIGINT) * 7919) % {customers} + 1 AS customer_id,
  TIMESTAMP '2024-01-01 00:00:00' + i * INTERVAL '1' SECOND AS at, CAST(i % 9973 AS DECIMAL(12, 2)) AS amount,
  'shop ' || CAST(i % 97 AS VARCHAR) AS shop, 'device ' || CAST(i % 501 AS VARCHAR) AS device,
  'order ' || CAST(i AS VARCHAR) || ', as asked' AS note
FROM {range}
"""


def main() -> None:
    """Measure one kind of warehouse."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--kind", default="postgres", choices=["postgres", "indexed", "duckdb", "lake", "sqlite"]
    )
    parser.add_argument("--persons", type=int, default=400)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--alone", type=int, default=20)
    parser.add_argument("--without-search", action="store_true")
    args = parser.parse_args()
    if args.without_search:
        os.environ["AFSCHRIFT_SEARCH_ROWS"] = "1"
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        filled(args.kind, args.rows, Path(name)) as (more, server),
    ):
        services = installed(Path(name), args.kind, more)
        everybody = range(1, args.alone + args.persons + 1)
        requests: list[str] = []
        plan = Cost.of(lambda: requests.extend(planned(services, request) for request in everybody), server)
        first, rest = requests[: args.alone], requests[args.alone :]
        alone = Cost.of(lambda: [extract(services, request, "shop") for request in first], server)
        outcomes: dict[str, str] = {}
        batch = Cost.of(
            lambda: outcomes.update(extract_batch(services, "shop", rest, "bench", lambda _: services)),
            server,
        )
        if set(outcomes.values()) != {TOGETHER}:
            sys.exit(f"not all went together: {sorted(set(outcomes.values()))}")
        after = Cost.of(lambda: [_go_on(services, request) for request in rest[: args.alone]], server)
    print(f"{args.kind}, {args.rows:,} rows, search {'off' if args.without_search else 'on'}")
    around = plan.each(len(requests)) + after.each(args.alone)
    for what, single, each in (
        ("reading and staging", alone.read(args.alone), batch.read(args.persons)),
        ("of it the server", alone.server / args.alone * 1000, batch.server / args.persons * 1000),
        ("the step extract", alone.each(args.alone), batch.each(args.persons)),
        ("the whole request", alone.each(args.alone) + around, batch.each(args.persons) + around),
    ):
        ratio = f"{single / each:8.1f} x" if each else ""
        print(f"  {what:20} {single:9.1f} ms alone {each:9.1f} ms together {ratio}", flush=True)
    peak = psutil.Process().memory_info().rss >> 20
    print(f"  {args.persons} persons together, {args.alone} alone, {peak} MB")


@dataclass(frozen=True)
class Cost:
    """Seconds of CPU: of this process, of it reading and staging, and of the server with its children."""

    own: float
    reading: float
    server: float

    @classmethod
    def of(cls, work: Callable[[], object], server: psutil.Process | None) -> Cost:
        """Of some work."""
        with parts() as found:
            own, of_server = cpu(work, server)
        return cls(own, found.reading, of_server)

    def each(self, persons: int) -> float:
        """Milliseconds a person."""
        return (self.own + self.server) / persons * 1000

    def read(self, persons: int) -> float:
        """The same of reading and staging: nothing else asks the server here once a request is planned."""
        return (self.reading + self.server) / persons * 1000


def _go_on(services: Services, request: str) -> None:
    for step in (validate, package, deliver, close):
        step(services, request)


def cpu(work: Callable[[], object], server: psutil.Process | None) -> tuple[float, float]:
    """Seconds of CPU of this process, and of the server with its children."""
    before, of_server = time.process_time(), _of(server)
    work()
    return time.process_time() - before, _of(server) - of_server


def _of(server: psutil.Process | None) -> float:
    """Of a server; what children took that ended meanwhile counts with their parent."""
    if server is None:
        return 0.0
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    waited = server.cpu_times()
    return sum(item.user + item.system for item in times) + waited.children_user + waited.children_system


def planned(services: Services, customer: int) -> str:
    """A request that is planned."""
    request = store(services, {"customer_id": str(customer)}, formats=["csv"])
    assess(services, request)
    classify(services, request)
    return request


def installed(folder: Path, kind: str, more: str) -> Services:
    """An installation with the table in a source of a kind."""
    inventory = folder / "inventory"
    inventory.mkdir()
    known = {"indexed": "postgres", "lake": "parquet"}.get(kind, kind)
    files = {
        "shop": _SOURCE.format(kind=known, more=more),
        "identity": IDENTITY,
        "controller": CONTROLLER,
        "policy": POLICY,
    }
    for name, text in files.items():
        (inventory / f"{name}.yml").write_text(text, encoding="utf-8")
    return installation(folder / "home", inventory)


@contextmanager
def filled(kind: str, rows: int, folder: Path) -> Iterator[tuple[str, psutil.Process | None]]:
    """A warehouse; what the inventory says of its place, and the process of its server."""
    customers = max(1, rows // _EACH)
    if kind in ("postgres", "indexed"):
        with pg.running() as server:
            database = server.create()
            select = ROWS.format(customers=customers, range=f"generate_series(0, {rows - 1}) AS r(i)")
            database.execute(f"CREATE TABLE event AS {select}")
            if kind == "indexed":
                database.execute("CREATE INDEX event_customer ON event (customer_id)")
            database.execute("ANALYZE event")
            os.environ["AIRFLOW_CONN_SHOP"] = database.libpq
            yield "connection: shop", _postmaster(database)
        return
    file = folder / ("shop.duckdb" if kind != "sqlite" else "shop.sqlite")
    with duckdb.connect(str(folder / "made.duckdb") if kind == "sqlite" else str(file)) as con:
        con.execute(
            f"CREATE TABLE event AS {ROWS.format(customers=customers, range=f'range({rows}) AS r(i)')}"
        )
        if kind == "lake":
            (folder / "lake" / "event").mkdir(parents=True)
            con.execute(f"COPY event TO '{folder}/lake/event/part.parquet' (FORMAT parquet)")
        if kind == "sqlite":
            _to_sqlite(con, file)
    yield f"options: {{root: {folder}/lake}}" if kind == "lake" else f"options: {{path: {file}}}", None


def _to_sqlite(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    import sqlite3

    with sqlite3.connect(file) as lite:
        columns = "event_id INTEGER, customer_id INTEGER, at DATETIME, amount DECIMAL(12,2), "
        lite.execute(f"CREATE TABLE event ({columns} shop VARCHAR, device VARCHAR, note VARCHAR)")
        texts = "CAST(at AS VARCHAR), CAST(amount AS VARCHAR), shop, device, note"
        found = con.execute(f"SELECT event_id, customer_id, {texts} FROM event")
        while rows := found.fetchmany(50_000):
            lite.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _postmaster(database: pg.Database) -> psutil.Process:
    import psycopg

    with psycopg.connect(database.libpq) as con:
        row = con.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        parent = psutil.Process(row[0]).parent()
        assert parent is not None
        return parent


if __name__ == "__main__":
    main()
