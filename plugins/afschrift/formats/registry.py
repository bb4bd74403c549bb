"""All formats by name. Adding one is a file and a line here, and a reader in `validation.readers`."""

from __future__ import annotations

from afschrift.domain.files import Format
from afschrift.formats.csv.writer import Csv
from afschrift.formats.json.lines import JsonLines
from afschrift.formats.json.rows import Json
from afschrift.formats.parquet.writer import Parquet
from afschrift.formats.xml.writer import Xml

_ADAPTERS: tuple[Format, ...] = (Csv(), Json(), JsonLines(), Xml(), Parquet())

FORMATS: dict[str, Format] = {adapter.name: adapter for adapter in _ADAPTERS}
