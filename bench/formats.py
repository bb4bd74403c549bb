"""CPU time a row of every stage between a source and a validated file, for each format.

    python -m bench.formats [--rows 400000] [--formats csv json] [--repeat 3]

The table is `event` of `bench.warehouse` (19 columns, about 320 bytes a row as CSV), as PostgreSQL's adapter
hands it over. CPU time of all threads counts, not the clock: the machine may be busy, and a request has
as many microseconds a row as its stages take together. The best of some repetitions is shown. Staging's
encryption is not in it: it sees deflated bytes only. `validate` is reading, SHA-256, checksums and types.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator
from functools import partial

import duckdb
import pyarrow as pa

from afschrift.domain.decision import Action
from afschrift.domain.extracted import FileEntry
from afschrift.domain.files import Reader
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.deflate import CHUNK, DeflatingSink, InflatingReader
from afschrift.formats.json import reader as msgspec_reader
from afschrift.formats.registry import FORMATS
from afschrift.formats.validate_file import ValueTypes, validate
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.forms import text_batch

BATCH = 16_384  # about 4 MiB, as asked of PostgreSQL's driver
WRITE = 3 << 20  # about what a writer gives at once
KINDS = {
    "event_id": ValueKind.INTEGER,
    "customer_id": ValueKind.INTEGER,
    "amount": ValueKind.DECIMAL,
    "tiny": ValueKind.DECIMAL,
    "at": ValueKind.INSTANT,
    "local_at": ValueKind.DATETIME,
    "day": ValueKind.DATE,
    "clock": ValueKind.TIME,
    "lasted": ValueKind.DURATION,
    "token": ValueKind.UUID,
    "detail": ValueKind.JSON,
    "address": ValueKind.TEXT,
    "numbers": ValueKind.JSON,
    "tags": ValueKind.JSON,
    "payload": ValueKind.BINARY,
    "note": ValueKind.TEXT,
    "flag": ValueKind.BOOLEAN,
    "measure": ValueKind.NUMBER,
    "mood": ValueKind.TEXT,
}
FIELDS = [FieldPlan(name, kind, Action.INCLUDE, (), "bench") for name, kind in KINDS.items()]
# DuckDB replaces PostgreSQL: the same texts, in the same Arrow types, without a server.
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


def cpu_seconds(work: Callable[[], object], repeat: int) -> float:
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
        seconds = cpu_seconds(work, repeat)
        suffix = f"{size / seconds / 1e6:9,.0f} MB/s" if size else ""
        print(f"{name:30}{seconds / rows * 1e6:8.3f} us/row{suffix}", flush=True)

    source = list(source_batches(rows))
    texts = [text_batch(batch, FIELDS) for batch in source]
    show("value forms", partial(_forms, source, FIELDS))
    show("checksums", partial(_checksums, texts))
    show("value types", partial(_types, texts, FIELDS))
    checksums = _checksums(texts)
    for name in given.formats:
        data, options = _written(name, texts)
        entry, deflated = _packed(name, data, options)
        size = len(data)
        show(f"{name} write", partial(_written, name, texts), size)
        show(f"{name} hash, deflate", partial(_packed, name, data, options), size)
        show(f"{name} inflate", partial(_inflated, deflated), size)
        for library, reader in _readers(name).items():
            show(f"{name} read, {library}", partial(_read, reader, data, options, rows), size)
        show(f"{name} validate", partial(_valid, entry, data, rows, checksums), size)
    if given.columns:
        _by_column(source, texts, show)


def _forms(source: list[pa.RecordBatch], fields: list[FieldPlan]) -> None:
    for batch in source:
        text_batch(batch, fields)


def _checksums(texts: list[pa.RecordBatch]) -> dict[str, str]:
    checksums = ColumnChecksums(FIELDS)
    for batch in texts:
        checksums.update(batch)
    return checksums.digests()


def _types(texts: list[pa.RecordBatch], fields: list[FieldPlan]) -> None:
    types = ValueTypes("event", fields)
    for batch in texts:
        types.update(batch)
    if types.findings():
        raise SystemExit("a value has not the form of its kind")


def _written(name: str, texts: list[pa.RecordBatch]) -> tuple[memoryview, dict[str, str]]:
    sink = io.BytesIO()
    writer = FORMATS[name].writer(sink, FIELDS, {})
    for batch in texts:
        writer.write(batch)
    writer.close()
    return sink.getbuffer(), dict(writer.options)


def _packed(name: str, data: memoryview, options: dict[str, str]) -> tuple[FileEntry, bytes]:
    below = io.BytesIO()
    sink = DeflatingSink(below)
    for start in range(0, len(data), WRITE):
        sink.write(data[start : start + WRITE])
    sink.finish()
    return FileEntry(f"event.{name}", name, sink.bytes, sink.sha256, options), below.getvalue()


def _inflated(deflated: bytes) -> None:
    with io.BufferedReader(InflatingReader(io.BytesIO(deflated)), CHUNK) as stream:
        while stream.read(1 << 20):
            pass


def _valid(entry: FileEntry, data: memoryview, rows: int, checksums: dict[str, str]) -> None:
    if findings := validate(entry, io.BytesIO(data), FIELDS, rows, checksums):
        raise SystemExit(str(findings[0]))


def _readers(name: str) -> dict[str, Reader]:
    """The reader of a format, and where that is compiled the one that reads without it."""
    found: dict[str, Reader] = {FORMATS[name].read_by: FORMATS[name].reader}
    if name in ("json", "ndjson"):
        found["msgspec"] = getattr(msgspec_reader, f"read_{name}")
    return found


def _read(reader: Reader, data: memoryview, options: dict[str, str], rows: int) -> None:
    found = sum(batch.num_rows for batch in reader(io.BytesIO(data), FIELDS, options))
    if found != rows:
        raise SystemExit(f"{found} rows were read of {rows}")


def _by_column(
    source: list[pa.RecordBatch],
    texts: list[pa.RecordBatch],
    show: Callable[[str, Callable[[], object]], None],
) -> None:
    for field in FIELDS:
        own = [batch.select([field.name]) for batch in source]
        show(f"{field.name} value forms", partial(_forms, own, [field]))
        found = [batch.select([field.name]) for batch in texts]
        show(f"{field.name} types", partial(_types, found, [field]))


if __name__ == "__main__":
    main()
