"""CPU time a row of the value forms, checks and of each format's writer and reader.

    python -m bench.formats [--rows 400000] [--formats csv json] [--repeat 3]

The table is `event` of `bench.warehouse` (19 columns, about 320 bytes a row as CSV), as PostgreSQL's adapter
hands it over. CPU time of all threads counts, not the clock: the machine may be busy, and a request has
as many microseconds a row as its steps take together. The best of some repetitions is shown.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa

from afschrift.core.decision import Action
from afschrift.core.kind import Kind
from afschrift.core.manifest import FieldPlan
from afschrift.formats.registry import FORMATS
from afschrift.validation.readers import READERS
from afschrift.validation.value_types import ValueTypes
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.forms import text_batch

BATCH = 16_384  # about 4 MiB, as asked of PostgreSQL's driver
KINDS = {
    "event_id": Kind.INTEGER,
    "customer_id": Kind.INTEGER,
    "amount": Kind.DECIMAL,
    "tiny": Kind.DECIMAL,
    "at": Kind.INSTANT,
    "local_at": Kind.DATETIME,
    "day": Kind.DATE,
    "clock": Kind.TIME,
    "lasted": Kind.DURATION,
    "token": Kind.UUID,
    "detail": Kind.JSON,
    "address": Kind.TEXT,
    "numbers": Kind.JSON,
    "tags": Kind.JSON,
    "payload": Kind.BINARY,
    "note": Kind.TEXT,
    "flag": Kind.BOOLEAN,
    "measure": Kind.NUMBER,
    "mood": Kind.TEXT,
}
FIELDS = [FieldPlan(name, kind, Action.INCLUDE, (), "bench") for name, kind in KINDS.items()]
# DuckDB stands in for PostgreSQL: the same texts, in the same Arrow types, without a server.
SOURCE = r"""
SELECT i AS event_id, CAST(7 AS BIGINT) AS customer_id,
  CAST(CAST(i AS DECIMAL(28, 10)) * 1.0000000007 AS VARCHAR) AS amount,
  '0.' || repeat('0', 18) || lpad(CAST(i % 97 AS VARCHAR), 2, '0') AS tiny,
  rtrim(rtrim(strftime(make_timestamp(1704067200000000 + i * 1000007), '%Y-%m-%d %H:%M:%S.%f'), '0'), '.')
    || '+00' AS "at",
  strftime(TIMESTAMP '2024-01-01' + i * INTERVAL 1 MINUTE, '%Y-%m-%d %H:%M:%S') AS local_at,
  CAST(DATE '2000-01-01' + CAST(i % 9000 AS INTEGER) AS VARCHAR) AS "day",
  CAST(TIME '00:00' + (i % 86400) * INTERVAL 1 SECOND AS VARCHAR) AS clock,
  'PT' || i % 5000 // 60 || 'H' || i % 60 || 'M' AS lasted,
  '00000000-0000-4000-8000-' || lpad(CAST(i AS VARCHAR), 12, '0') AS token,
  '{"n": ' || i || ', "of": [' || i % 7 || ', "é"], "price": 1.10}' AS detail,
  '10.' || i % 250 || '.' || i % 249 || '.' || i % 248 AS address,
  '[' || i % 10 || ',' || i % 11 || ']' AS numbers, '["a' || i % 13 || '","b\"c"]' AS tags,
  to_base64(unhex(md5(CAST(i AS VARCHAR)))) AS payload,
  CASE WHEN i % 10 = 0 THEN NULL ELSE 'A note, "quoted", number ' || i END AS note,
  i % 3 = 0 AS flag, i / 7.0::DOUBLE AS measure, ['calm', 'busy', 'away'][1 + i % 3] AS mood
FROM range($first, $last) AS r(i)
"""


def source_batches(rows: int) -> Iterator[pa.RecordBatch]:
    """Batches as a source yields them: exact types as Arrow, everything else as text."""
    with duckdb.connect() as connection:
        for first in range(0, rows, BATCH):
            bounds = {"first": first, "last": min(first + BATCH, rows)}
            table = connection.sql(SOURCE, params=bounds).to_arrow_table()
            yield from table.combine_chunks().to_batches()


def spent(work: Callable[[], object], repeat: int) -> float:
    """Least CPU seconds of some calls, of all threads."""
    found = []
    for _ in range(repeat):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--formats", nargs="*", default=list(FORMATS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--columns", action="store_true", help="value forms and type checks column by column")
    given = parser.parse_args()
    rows, repeat = given.rows, given.repeat

    def show(name: str, work: Callable[[], object], size: int = 0) -> None:
        seconds = spent(work, repeat)
        suffix = f"{size / seconds / 1e6:9,.0f} MB/s" if size else ""
        print(f"{name:24}{seconds / rows * 1e6:8.3f} us/row{suffix}", flush=True)

    source = list(source_batches(rows))
    texts = [text_batch(batch, FIELDS) for batch in source]
    show("value forms", lambda: [text_batch(batch, FIELDS) for batch in source])
    show("checksums", lambda: _checksums(texts))
    show("value types", lambda: _types(texts))
    for name in given.formats:
        data, options = _written(name, texts)
        show(f"{name} writer", lambda name=name: _written(name, texts), len(data))
        show(f"{name} reader", lambda n=name, d=data, o=options: _read(n, d, o, rows), len(data))
    if given.columns:
        _by_column(source, texts, show)


def _checksums(texts: list[pa.RecordBatch]) -> dict[str, str]:
    checksums = ColumnChecksums(FIELDS)
    for batch in texts:
        checksums.update(batch)
    return checksums.digests()


def _types(texts: list[pa.RecordBatch]) -> None:
    types = ValueTypes("event", FIELDS)
    for batch in texts:
        types.update(batch)
    if types.findings():
        raise SystemExit("a value has not the form of its kind")


def _written(name: str, texts: list[pa.RecordBatch]) -> tuple[memoryview, dict[str, str]]:
    sink = io.BytesIO()
    writer = FORMATS[name].writer(sink, FIELDS, {})
    for batch in texts:
        writer.write(batch)
    options = writer.close()
    return sink.getbuffer(), options


def _read(name: str, data: memoryview, options: dict[str, str], rows: int) -> None:
    found = sum(batch.num_rows for batch in READERS[name](io.BytesIO(data), FIELDS, options))
    if found != rows:
        raise SystemExit(f"{name}: {found} rows were read of {rows}")


def _by_column(
    source: list[pa.RecordBatch],
    texts: list[pa.RecordBatch],
    show: Callable[[str, Callable[[], object]], None],
) -> None:
    for field in FIELDS:
        own = [batch.select([field.name]) for batch in source]
        show(f"{field.name} value forms", lambda own=own, field=field: [text_batch(b, [field]) for b in own])
        found = [batch.select([field.name]) for batch in texts]
        types = ValueTypes("event", [field])
        show(f"{field.name} types", lambda found=found, types=types: [types.update(b) for b in found])


if __name__ == "__main__":
    main()
