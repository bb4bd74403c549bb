"""The reader of each format, by another library than its writer's. A contract test misses none."""

from __future__ import annotations

from afschrift.core.ports import Reader
from afschrift.validation.delimited_reader import read_csv
from afschrift.validation.json_reader import read_json, read_ndjson
from afschrift.validation.parquet_reader import read_parquet
from afschrift.validation.xml_reader import read_xml

READERS: dict[str, Reader] = {
    "csv": read_csv,
    "json": read_json,
    "ndjson": read_ndjson,
    "xml": read_xml,
    "parquet": read_parquet,
}
