"""What the zoos of all adapters share: rows of types, cells that hold them, and what comes out."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.plain_readers import exact
from tests.support.data import lines
from tests.support.warehouses import Warehouse
from tests.unit.sources.reading import chosen, statement

from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.values.forms import text_batch

TABLE = "zoo"
SHAPES = ("value", "list", "struct", "map")


@dataclass(frozen=True)
class Row:
    """A type with a value; `form` where the database's own text does not say it, `note` for the page."""

    native: str
    literal: str
    form: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        return f"`{self.native}`" + (f" ({self.note})" if self.note else "")


def rows_of(kind: str) -> tuple[Row, ...]:
    return tuple(Row(**line) for line in lines(__file__, f"{kind}.tsv"))


@dataclass(frozen=True)
class Zoo:
    """A filled warehouse: own texts of columns by another client than the product's, and other code that knows forms."""

    warehouse: Warehouse
    rows: tuple[Row, ...]
    own: Mapping[str, str | None]
    holds: Callable[[ValueKind, str], str]
    tables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of a cell; None is refused. `text` is what `kind: text` gives."""

    kind: ValueKind | None
    form: str | None
    text: str | None


def look(zoo: Zoo) -> dict[str, Outcome]:
    """Read every column as its type has it and as text. A refusal names the column and a remedy, or fails.

    The catalogue is read once, and every statement runs in a session that has not read it.
    """
    seen: dict[str, Outcome] = {}
    with zoo.warehouse.open() as session:
        for table in dict.fromkeys(zoo.tables.get(column, TABLE) for column in zoo.own):
            found = {name: column for name, column in chosen(session, table).items() if name in zoo.own}
            readable = {name: column for name, column in found.items() if not column.remedy}
            assert all(column.kind is None for name, column in found.items() if name not in readable)
            typed = {name: column for name, column in readable.items() if column.kind is not None}
            forms = _read(zoo.warehouse, session, table, typed)
            texts = _read(
                zoo.warehouse, session, table, {name: column.as_text() for name, column in readable.items()}
            )
            for name, column in found.items():
                form = forms.get(name)
                seen[name] = Outcome(None if form is None else column.kind, form, texts.get(name))
    return {name: seen[name] for name in zoo.own}


def _read(
    warehouse: Warehouse, planning: Source, table: str, columns: Mapping[str, ColumnType]
) -> dict[str, str | None]:
    """The one value of each column; those that are refused are found by halves."""
    if not columns:
        return {}
    fields = [FieldPlan(name, column.kind, Action.INCLUDE, (), "") for name, column in columns.items()]
    try:
        with warehouse.open() as session:
            batches = list(session.stream(statement(planning, table, columns)))
        rows = [row for batch in batches for row in text_batch(batch, fields).to_pylist()]
    except ConfigurationError as why:
        if len(columns) > 1:
            names = list(columns)
            halves = names[: len(names) // 2], names[len(names) // 2 :]
            read = [_read(warehouse, planning, table, {n: columns[n] for n in half}) for half in halves]
            return read[0] | read[1]
        (name,) = columns
        assert name in str(why) or table in str(why), str(why)
        assert "kind: text" in str(why), str(why)
        return {name: None}
    found = {name: {row[name] for row in rows} - {None} for name in columns}
    return {name: value for name, (value,) in found.items()}


def is_member(document: str, shape: str, form: str, kind: ValueKind) -> bool:
    """Whether a JSON document is the list, struct or map that holds a value and, the list, a NULL."""
    found = exact(document)
    if shape == "list":
        return len(found) == 2 and found[1] is None and _same(found[0], form, kind)
    ((name, value),) = found
    return name == {"struct": "a", "map": "k"}[shape] and _same(value, form, kind)


def _same(found: Any, form: str, kind: ValueKind) -> bool:
    if kind is ValueKind.JSON:
        return found in (exact(form), form)  # a document, or a text that is one
    if kind is ValueKind.NUMBER:
        return str(found) == form or float(str(found)) == float(form)
    return str(found).lower() == form if isinstance(found, bool) else str(found) == form


def clock(text: str) -> str:
    """A time as RFC 3339 has it: six digits of a fraction or none, minutes of an offset, `Z`."""
    found = re.fullmatch(r"(.*?\d\d:\d\d:\d\d)(\.\d+)?([+-][\d:]+)?", text)
    if found is None:
        return text
    start, fraction, offset = found.groups()
    digits = (fraction or ".").rstrip("0")
    zone = {None: "", "+00": "Z"}.get(offset, f"{offset}:00" if len(offset or "") == 3 else offset or "")
    return start.replace(" ", "T") + (digits.ljust(7, "0") if digits != "." else "") + zone


def plain(kind: ValueKind, own: str) -> str:
    """Value form of a text as most databases write it."""
    if kind in (ValueKind.TIME, ValueKind.DATETIME, ValueKind.INSTANT):
        return own if " BC" in own else clock(own)
    if kind is ValueKind.NUMBER:
        return {"Infinity": "INF", "inf": "INF", "-inf": "-INF", "nan": "NaN"}.get(own, own)
    if kind is ValueKind.DECIMAL:
        return {"Infinity": "INF", "-Infinity": "-INF"}.get(own, own)
    if kind is ValueKind.INTEGER:
        return str(int(own))
    if kind is ValueKind.JSON:
        json.loads(own)
    return own
