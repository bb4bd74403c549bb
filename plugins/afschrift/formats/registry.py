"""All formats by name, in the order in which people see them. To add one: a folder, and a line here."""

from __future__ import annotations

from afschrift.domain.files import Format
from afschrift.formats.csv import CSV
from afschrift.formats.json import JSON, NDJSON
from afschrift.formats.parquet import PARQUET
from afschrift.formats.xml import XML

FORMATS: dict[str, Format] = {format_.name: format_ for format_ in (CSV, JSON, NDJSON, XML, PARQUET)}
