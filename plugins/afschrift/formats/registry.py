"""All formats by name. Adding one is a file and a line here, and a reader in `validation.readers`."""

from __future__ import annotations

from afschrift.core.ports import Format
from afschrift.formats.delimited import Csv
from afschrift.formats.json_rows import Json

FORMATS: dict[str, Format] = {adapter.name: adapter for adapter in (Csv(), Json())}
