"""Where a large request spends its CPU time: the database's and ours, by stage.

    python -m bench.stages [--rows 1000000] [--sample 200000] [--repeat 2]

One customer's events of `bench.warehouse`, 19 columns, in PostgreSQL. The steps up to `classify` make the
plan; its statement is then read by the source's own session. CPU seconds a million rows of all threads count,
not the clock; the least of some repetitions is shown, and of what happens to rows that are here already only
a sample is measured. Prints a table, and keeps it in `bench/results/stages.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil
import pyarrow as pa
from testbed.running import store

from afschrift.app.settings import Settings
from afschrift.domain.plan import FieldPlan
from afschrift.domain.sources import Source
from afschrift.extraction.comparison import Comparison
from afschrift.extraction.deflate import CHUNK, DeflatingSink, InflatingReader
from afschrift.extraction.own_rows import without_keys
from afschrift.formats.registry import FORMATS
from afschrift.formats.validate_file import ValueTypes
from afschrift.register.open import initialise
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import gated_extract, keys_of
from afschrift.steps.source_reading import SourceReading
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.forms import text_batch
from afschrift.values.without_pandas import keep_pandas_out
from afschrift.wiring.build_services import build
from bench.run import RESULTS
from bench.warehouse import filled, write_inventory

STAGES = RESULTS / "stages.json"
WRITTEN = ("csv", "json")


class Spent(NamedTuple):
    """CPU seconds a million rows."""

    ours: float
    database: float = 0.0


class Meter:
    """CPU time of this process and of all processes of the database.

    Args:
        session: to PostgreSQL on this machine.
        rows: that are read.
        repeat: how often; the least counts.
    """

    def __init__(self, session: Source, rows: int, repeat: int) -> None:
        [(pid,)] = session.rows("SELECT CAST(pg_backend_pid() AS text)")  # type: ignore[attr-defined]
        self._server = psutil.Process(int(pid)).parent()
        self._rows, self._repeat = rows, repeat

    def of(self, work: Callable[[], object], rows: int | None = None) -> Spent:
        """What some work takes a million rows."""
        found = [self._once(work) for _ in range(self._repeat)]
        of_million = 1e6 / (rows or self._rows)
        return Spent(*(min(part) * of_million for part in zip(*found, strict=True)))

    def _once(self, work: Callable[[], object]) -> tuple[float, float]:
        ours, theirs = time.process_time(), self.database()
        work()
        return time.process_time() - ours, self.database() - theirs

    def database(self) -> float:
        """CPU seconds so far, those of ended sessions too."""
        own = self._server.cpu_times()
        running = sum(sum(child.cpu_times()[:2]) for child in self._server.children())
        return float(own.children_user + own.children_system + running)


def stages(
    services: Services, request: str, rows: int, sample: int, repeat: int
) -> Iterator[tuple[str, Spent]]:
    """Each stage and what it takes.

    Args:
        services: of an installation with the wide table.
        request: accepted and planned.
        rows: that the person has.
        sample: about how many of them are kept here for the stages after the reading.
        repeat: of each measurement.
    """
    gate = gated_extract(services, request, "wide")
    accepted, plan = gate.request, gate.plan
    [part] = plan.of_source("wide")
    fields = part.selected
    reading = SourceReading(gate, "wide", keys_of(gate))
    with services.open_source("wide", request) as session:
        meter = Meter(session, rows, repeat)
        session.bind(*reading.keys(accepted.received_at))
        yield "search beside the ways", meter.of(partial(reading.search, session))

        def read() -> Iterator[pa.RecordBatch]:
            return map(without_keys, session.stream(part.statement))

        statement = meter.of(lambda: sum(batch.num_rows for batch in read()))
        yield "the statement, and its rows as Arrow", statement
        before = meter.database()
        comparison = Comparison(session, part, services.limits.hashed_percent, plan.digest())
        texts: list[pa.RecordBatch] = []
        held: list[pa.RecordBatch] = []
        took = 0.0
        for batch in read():
            text = text_batch(batch, fields, comparison.documents)
            began = time.process_time()
            comparison.take(text)
            took += time.process_time() - began
            if sum(text.num_rows for text in texts) < sample:
                held.append(batch)
                texts.append(text)
        comparison.require(read)
        cost = (meter.database() - before) * 1e6 / rows - statement.database
        yield "the reconciliation of them", Spent(took * 1e6 / rows, cost)
        kept = sum(text.num_rows for text in texts)
        of_kept = partial(meter.of, rows=kept)
        forms = partial(text_batch, fields=fields, valid=comparison.documents)
        yield "value forms", of_kept(partial(_each, forms, held))
        yield "checksums, of what is written and what is read", of_kept(partial(_checksums, fields, texts))
        yield "shapes of all values, once a table", of_kept(partial(_shapes, fields, texts))
        for name in WRITTEN:
            yield from _of_format(name, fields, texts, of_kept)


def _of_format(
    name: str, fields: Sequence[FieldPlan], texts: Sequence[pa.RecordBatch], of: Callable[..., Spent]
) -> Iterator[tuple[str, Spent]]:
    data, options = _written(name, fields, texts)
    yield f"{name}: text", of(partial(_written, name, fields, texts))
    deflated = _deflated(data)
    yield f"{name}: deflate, SHA-256 of it", of(partial(_deflated, data))
    yield f"{name}: inflate, SHA-256 of it and of the text", of(partial(_inflated, deflated))
    reader = FORMATS[name].reader
    yield f"{name}: read back", of(lambda: sum(b.num_rows for b in reader(io.BytesIO(data), fields, options)))


def _each(work: Callable[[pa.RecordBatch], object], batches: Sequence[pa.RecordBatch]) -> None:
    for batch in batches:
        work(batch)


def _checksums(fields: Sequence[FieldPlan], texts: Sequence[pa.RecordBatch]) -> None:
    _each(ColumnChecksums(fields).update, [*texts, *texts])


def _shapes(fields: Sequence[FieldPlan], texts: Sequence[pa.RecordBatch]) -> None:
    _each(ValueTypes("event", fields).update, texts)


def _written(
    name: str, fields: Sequence[FieldPlan], texts: Sequence[pa.RecordBatch]
) -> tuple[bytes, dict[str, str]]:
    sink = io.BytesIO()
    writer = FORMATS[name].writer(sink, fields, {})
    _each(writer.write, texts)
    writer.close()
    return sink.getvalue(), dict(writer.options)


def _deflated(data: bytes) -> bytes:
    below = io.BytesIO()
    sink = DeflatingSink(below, hashed=False)
    for start in range(0, len(data), 1 << 20):
        sink.write(data[start : start + (1 << 20)])
    sink.finish()
    return below.getvalue()


def _inflated(deflated: bytes) -> None:
    hashlib.sha256(deflated).digest()
    plain = hashlib.sha256()
    with io.BufferedReader(InflatingReader(io.BytesIO(deflated)), CHUNK) as stream:
        while block := stream.read(CHUNK):
            plain.update(block)


def measured(rows: int, sample: int, repeat: int) -> Iterator[tuple[str, Spent]]:
    """The stages, with a database and an installation of their own."""
    with (
        filled((rows, rows // 10), ()) as warehouse,
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
    ):
        os.environ |= {
            "AFSCHRIFT_HOME": folder,
            "AFSCHRIFT_INVENTORY": str(write_inventory(Path(folder) / "inventory", "wide")),
            "AIRFLOW_CONN_BENCH": warehouse.database.libpq,
        }
        initialise(Settings.from_environment())
        services = build(lambda _line: None)
        customer = {"customer_id": str(warehouse.events[rows])}
        request = store(services, customer, "portability", formats=["csv", "json"])
        assess(services, request)
        classify(services, request)
        yield from stages(services, request, rows, sample, repeat)


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=2)
    given = parser.parse_args()
    keep_pandas_out()
    found: dict[str, Spent] = {}
    for name, cost in measured(given.rows, given.sample, given.repeat):
        found[name] = cost
        print(f"{name:50} {cost.ours:6.2f} {cost.database:6.2f}", flush=True)
    together = Spent(*map(sum, zip(*found.values(), strict=True)))
    print(f"{'together':50} {together.ours:6.2f} {together.database:6.2f}")
    RESULTS.mkdir(exist_ok=True)
    STAGES.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
