"""Each format as plain tools read it, which know nothing of this product: what a person would find there."""

import base64
import csv
import io
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree

import polars as pl
from tests.unit.formats.random_tables import Written

from afschrift.domain.value_kind import ValueKind

Cells = list[list[Any]]
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_SPECIALS = {"NaN": "nan", "INF": "inf", "-INF": "-inf"}


def _csv(written: Written) -> tuple[list[str], Cells]:
    names, *rows = csv.reader(io.StringIO(written.data.decode(), newline=""), strict=True)
    null = written.entry.options["null"]
    return names, [[None if cell == null else cell for cell in row] for row in rows]


def _json(written: Written) -> tuple[list[str], Cells]:
    return _members(exact(written.data.decode()))


def _ndjson(written: Written) -> tuple[list[str], Cells]:
    lines = written.data.decode().split("\n")
    assert lines.pop() == ""
    return _members([exact(line) for line in lines])


def _members(rows: list[list[tuple[str, Any]]]) -> tuple[list[str], Cells]:
    return [name for name, _ in rows[0]], [[value for _, value in row] for row in rows]


def _xml(written: Written) -> tuple[list[str], Cells]:
    rows = list(ElementTree.fromstring(written.data))
    return [f.attrib["name"] for f in rows[0]], [[_element(f) for f in row] for row in rows]


def _element(field: ElementTree.Element) -> str | None:
    if field.get(_NIL) == "true":
        return None
    encoded = field.get("base64")
    return field.text or "" if encoded is None else base64.b64decode(encoded, validate=True).decode()


def _parquet(written: Written) -> tuple[list[str], Cells]:
    frame = pl.read_parquet(io.BytesIO(written.data))
    return frame.columns, [list(row) for row in frame.iter_rows()]


READ: dict[str, Callable[[Written], tuple[list[str], Cells]]] = {
    "csv": _csv,
    "json": _json,
    "ndjson": _ndjson,
    "xml": _xml,
    "parquet": _parquet,
}
"""Names of the columns and cells, of a table with rows."""


def exact(text: str) -> Any:
    """JSON with the digits of its numbers, the order of its members, and members that occur twice."""
    return json.loads(text, parse_int=Number, parse_float=Number, object_pairs_hook=list)


@dataclass(frozen=True)
class Number:
    """A number of JSON as it is spelt, which no string equals."""

    digits: str

    def __str__(self) -> str:
        return self.digits


def same(cells: Sequence[Any], texts: Sequence[str | None], kind: ValueKind) -> bool:
    """Whether the cells of a column are what its value forms spell."""
    return all(_same(cell, text, kind) for cell, text in zip(cells, texts, strict=True))


def _same(cell: Any, text: str | None, kind: ValueKind) -> bool:
    if cell is None or text is None:
        return cell is None and text is None
    if kind is ValueKind.JSON:
        return cell in (text, exact(text))  # JSON holds the document itself
    if kind is ValueKind.NUMBER:
        return _bits(cell) == _bits(text)
    if isinstance(cell, bool):
        return text == str(cell).lower()
    if isinstance(cell, datetime):
        return text == cell.replace(tzinfo=None).isoformat() + ("Z" if cell.tzinfo else "")
    if isinstance(cell, date):
        return text == cell.isoformat()
    return text == str(cell)


def _bits(number: Any) -> bytes:
    """A float to its last bit, the sign of zero too."""
    return struct.pack("d", float(_SPECIALS.get(str(number), str(number))))
