"""All formats by name. Adding one is a file and a line here, and a reader in `validation.readers`."""

from __future__ import annotations

from afschrift.core.ports import Format
from afschrift.formats.delimited import Csv
from afschrift.formats.json_lines import JsonLines
from afschrift.formats.json_rows import Json
from afschrift.formats.parquet import Parquet
from afschrift.formats.xml_rows import Xml

_ADAPTERS: tuple[Format, ...] = (Csv(), Json(), JsonLines(), Xml(), Parquet())

FORMATS: dict[str, Format] = {adapter.name: adapter for adapter in _ADAPTERS}
