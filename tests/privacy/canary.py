"""A person of whom every value can be recognised, put into a copy of the demo warehouse."""

import itertools
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb.sqltypes import DuckDBPyType
from tests.e2e import hand_sql

TEXT, NUMBER, CLOCK = "kwikstaart7Q", "73918264", "07:39:18.264"
NEEDLES = {"text": TEXT, "number": NUMBER, "time": CLOCK}
"""Every value of the person contains one of these; enums, small numbers, booleans and days cannot."""

CUSTOMER = int(f"{NUMBER}0")
EMAIL = f"{TEXT}x000@example.org"
DEVICE = f"watch-{TEXT}x001"
_AT = datetime(2026, 3, 5, 7, 39, 18, 264_000, UTC)


@dataclass
class Canary:
    """What was put where.

    Attributes:
        columns: text -> (table, column); each text is in one place.
        author: text of a line of a talk -> who wrote it.
    """

    columns: dict[str, tuple[str, str]] = field(default_factory=dict)
    author: dict[str, str] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(100))

    def write(self, warehouse: Path) -> None:
        """Add the person's rows to every personal table of both sources."""
        with duckdb.connect(str(warehouse / "shop.duckdb")) as con:
            con.execute("SET TimeZone = 'UTC'")
            for table in (name for name in hand_sql.SHOP if name not in hand_sql.ENTRIES):
                kinds = hand_sql.columns(con, table)
                for fixed in _ROWS.get(table, [{}]):
                    row = {name: self._value(table, name, kind, fixed) for name, kind in kinds.items()}
                    names = ", ".join(f'"{name}"' for name in row)
                    marks = ", ".join("?" * len(row))
                    con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
                    if table == "review_file":
                        (warehouse / "uploads" / row["path"]).write_text(TEXT, encoding="utf-8")
        for table, moment in _MOMENTS.items():
            self._event(warehouse / "lake" / table, table, moment)

    def _event(self, folder: Path, table: str, moment: str) -> None:
        day = folder / f"day={_AT.date()}"
        day.mkdir(exist_ok=True)
        schema = pq.read_schema(next(folder.glob("*/*.parquet")))
        kinds = duckdb.from_arrow(schema.empty_table())
        fixed = {"device_id": DEVICE, moment: _AT}
        row = {
            name: self._value(table, name, kind, fixed)
            for name, kind in zip(kinds.columns, kinds.types, strict=True)
        }
        if "context" in row:
            row["context"] = json.dumps({"os": row["context"]})
        pq.write_table(pa.Table.from_pylist([row], schema=schema), day / "part-1.parquet")

    def _value(self, table: str, column: str, kind: DuckDBPyType, fixed: dict[str, Any]) -> Any:
        number = next(self._numbers)
        if column in fixed:
            return fixed[column]
        if column == "customer_id":
            return CUSTOMER
        value = _made(kind, number)
        if TEXT in str(value) and kind.id != "blob":  # a blob is written in base64
            self.columns[f"{TEXT}x{number}"] = (table, column)
        if column == "body" and "author_type" in fixed:
            self.author[f"{TEXT}x{number}"] = fixed["author_type"]
        return value

    def seen(self, content: bytes) -> set[str]:
        found = {text.decode() for text in re.findall(rf"{TEXT}x[0-9]+".encode(), content)}
        return found & self.columns.keys()


@dataclass
class Cage:
    """A demo warehouse with the canary in it."""

    canary: Canary
    warehouse: Path


def _made(kind: DuckDBPyType, number: int) -> Any:
    """A value of a type that names its number, where the type has room for that."""
    text = f"{TEXT}x{number} é&\"'<b>\n"
    members = dict(kind.children) if kind.id in ("struct", "map", "list", "array", "decimal") else {}
    if str(kind) == "JSON":
        return f'{{"key": "{TEXT}x{number}"}}'
    if kind.id == "struct":
        return {name: _made(member, number) for name, member in members.items()}
    if kind.id == "map":
        return {text: text}
    if kind.id in ("list", "array"):
        return [_made(members["child"], number)] * (members.get("size") or 1)
    values = {
        "varchar": text,
        "blob": text.encode(),
        "enum": "home",
        "tinyint": 3,
        "smallint": 99,
        "integer": int(f"{NUMBER}0") + number,
        "bigint": int(f"{NUMBER}0000") + number,
        "hugeint": int(f"{NUMBER}{'0' * 20}") + number,
        "decimal": Decimal(f"{NUMBER}.5") if members.get("precision", 0) > 9 else Decimal("42.5"),
        "float": float(NUMBER),
        "double": float(f"{NUMBER}.0{number}"),
        "boolean": True,
        "date": date(2026, 3, 5),
        "time": time(7, 39, 18, 264_000 + number),
        "timestamp": _AT.replace(tzinfo=None, microsecond=264_000 + number),
        "timestamp with time zone": _AT.replace(microsecond=264_000 + number),
        "interval": "1 day",
        "uuid": f"{NUMBER}-0000-4000-8000-{number:012d}",
    }
    return values[kind.id]


_SINCE = datetime(2021, 1, 1, 7, 39, 18, 264_000, UTC)
_ORDER, _LIST, _TICKET, _REVIEW = (int(f"{NUMBER}{n}000") for n in (1, 2, 3, 4))
_ROWS: dict[str, list[dict[str, Any]]] = {
    "review": [{"review_id": _REVIEW}],
    "review_file": [{"review_id": _REVIEW, "bytes": len(TEXT), "sha256": None}],
    # a code without a meaning would stop access, and a child that asks alone is asked about
    "customer": [{"email": EMAIL, "segment": "S1", "status": "A", "date_of_birth": date(1990, 3, 5)}],
    "loyalty_account": [{"tier": "goud"}],
    "customer_email": [{"email": EMAIL, "valid_from": _SINCE, "valid_to": None}],
    "device": [{"device_id": DEVICE, "paired_at": _SINCE, "unpaired_at": None}],
    "consent": [{"purpose": p, "withdrawn_at": None} for p in ("coaching", "location", "newsletter")],
    "newsletter": [{"email": EMAIL}],
    "orders": [{"order_id": _ORDER}],
    "order_line": [{"order_id": _ORDER, "line_no": 1}],
    "return_line": [{"order_id": _ORDER, "line_no": 1}],
    "shipment": [{"order_id": _ORDER}],
    "message": [
        {"sender_id": CUSTOMER, "recipient_id": 900001, "reply_to": None},
        {"sender_id": 900001, "recipient_id": CUSTOMER},
    ],
    "wishlist": [{"wishlist_id": _LIST}],
    "wishlist_member": [{"wishlist_id": _LIST}],
    "wishlist_item": [{"wishlist_id": _LIST, "added_by": CUSTOMER}],
    "ticket": [{"ticket_id": _TICKET}],
    "ticket_message": [
        {"ticket_id": _TICKET, "author_type": "customer", "agent_name": None},
        {"ticket_id": _TICKET, "author_type": "agent"},
        {"ticket_id": _TICKET, "author_type": "bot", "agent_name": None},
    ],
}
"""What ties the person's rows together; everything else is made up."""

_MOMENTS = {
    "heart_rate": "measured_at",
    "location": "located_at",
    "app_event": "at",
    "search": "searched_at",
}
