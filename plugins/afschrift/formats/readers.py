"""The reader of each format, by another library than its writer's. A contract test misses none."""

from __future__ import annotations

from afschrift.domain.files import Reader
from afschrift.formats.csv.reader import read_csv
from afschrift.formats.json.reader import read_json, read_ndjson
from afschrift.formats.parquet.reader import read_parquet
from afschrift.formats.xml.reader import read_xml

READERS: dict[str, Reader] = {
    "csv": read_csv,
    "json": read_json,
    "ndjson": read_ndjson,
    "xml": read_xml,
    "parquet": read_parquet,
}
