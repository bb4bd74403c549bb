"""The reader of each format, by another library than its writer's. A contract test misses none."""

from __future__ import annotations

from afschrift.core.ports import Reader
from afschrift.validation.delimited_reader import read_csv
from afschrift.validation.json_reader import read_json

READERS: dict[str, Reader] = {"csv": read_csv, "json": read_json}
