"""A hand-made bundle of two sources, for the tests of the bundle. Run as a program, it writes one."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
import zipfile
import zlib
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import yaml

from afschrift.bundle.container.seal import Ed25519Signer
from afschrift.bundle.contents import Contents
from afschrift.bundle.pack import pack
from afschrift.domain.decision import Action, ColumnFacts, Policy, PurposeFacts, decide
from afschrift.domain.extracted import FileEntry, Searched, SourceExtract, TableExtract, TablePart
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan, Seal, Withheld
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.extraction.profile_columns import choices, kept_bytes
from afschrift.formats.registry import FORMATS
from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory
from afschrift.values.table_profiler import FirstRows, TableProfiler
from afschrift.values.written import text_schema

LETTERS = Path(__file__).parents[3] / "include" / "letters"
SIGNER = Ed25519Signer(bytes(range(32)))
STRANGER = Ed25519Signer(bytes(range(1, 33)))
REQUEST = "req-0123456789ab"
ROOT = f"afschrift-{REQUEST}"
SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://example.org","klik")'
RIGHT_TO_LEFT = "\u202eomgekeerd\u2066 שלום"


INVENTORY = Inventory.model_validate(yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8")))

KINDS = {
    "credit_score": ValueKind.INTEGER,
    "total": ValueKind.DECIMAL,
    "ordered_at": ValueKind.INSTANT,
    "measured_at": ValueKind.INSTANT,
    "local_at": ValueKind.DATETIME,
    "bpm": ValueKind.INTEGER,
    "raw": ValueKind.JSON,
}

Rows = list[dict[str, str | None]]
MESSAGE = ("message_id", "sender_id", "recipient_id", "recipient_email", "agent_name")

ROWS: dict[str, Rows] = {
    "shop.customer": [
        {"customer_id": "K-1001", "email": "jan@example.org", "bio": SCRIPT, "credit_score": "640"}
    ],
    "shop.orders": [
        {
            "order_id": f"B-{n}",
            "customer_id": "K-1001",
            "ordered_at": f"2026-03-{n:02d}T23:30:00.5Z",
            "total": f"{n}.50",
            "status": "S" if n % 2 else "R",
        }
        for n in range(1, 8)
    ],
    "shop.message": [
        dict(zip(MESSAGE, message, strict=True))
        for message in (
            ("1", "K-1001", "K-9", "", "[masked 3f9a2c41]"),
            ("2", "K-9", "K-1001", RIGHT_TO_LEFT, None),
            ("3", "K-1001", "K-1001", FORMULA + '\r\n"Twee" regels, ' + "lang " * 60, "[masked 3f9a2c41]"),
        )
    ],
    "shop.enrichment": [{"income_class": "C"}],
    "shop.wish": [],
    "app.heart_rate": [
        {
            "measured_at": f"2026-06-01T{n // 60:02d}:{n % 60:02d}:00Z",
            "bpm": str(60 + n % 40),
            "local_at": f"2026-06-01T{n // 60:02d}:{n % 60:02d}:00",
            "raw": json.dumps({"v": [n, None]}, separators=(",", ":")),
        }
        for n in range(300)
    ],
}


def plan(right: Right, language: str = "nl", formats: tuple[str, ...] = ("csv", "json")) -> Plan:
    """Decisions by `domain.decision`, as a run takes them."""
    extracts, withheld = [], []
    for source, file in INVENTORY.sources.items():
        for name, table in file.tables.items():
            if not table.personal:
                continue
            fields = tuple(
                _field(right, source, name, column, entry) for column, entry in table.columns.items()
            )
            if any(f.action in (Action.INCLUDE, Action.MASK) for f in fields):
                extracts.append(ExtractPlan(source, name, fields, "SELECT 1", order=table.key))
            else:
                withheld.append(Withheld(source, name, fields))
    return Plan(
        request=REQUEST,
        right=right,
        language=language,
        formats=formats,
        extracts=tuple(extracts),
        withheld=tuple(withheld),
        inventory=INVENTORY.digest,
        policy=INVENTORY.policy_digest,
        package="0.1.0",
        frozen_at="2026-06-30T22:15:00.000000Z",
        consents={"app.coaching": "granted"},
    )


def _field(right: Right, source: str, table: str, name: str, column: Column) -> FieldPlan:
    declared = INVENTORY.sources[source]
    purposes = column.purposes if column.purposes is not None else declared.tables[table].purposes
    assert isinstance(column.origin, Origin)
    facts = ColumnFacts(
        origin=column.origin,
        purposes=tuple(
            PurposeFacts(p, declared.purposes[p].basis, declared.purposes[p].special) for p in purposes
        ),
        about=column.about,
        third_party=column.third_party,
        protect=column.protect,
        join_key=name.endswith("_id"),
    )
    d = decide(right, facts, Policy())
    kind = KINDS.get(name, ValueKind.TEXT) if d.selected else None
    return FieldPlan(
        name, kind, d.action, d.rules, d.reason, column.origin, (), d.mask, d.outside_art20, d.about_others
    )


def written(fields: tuple[FieldPlan, ...], rows: Rows, format_name: str) -> bytes:
    """A file in the value forms of the design."""
    if format_name == "csv":
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([f.name for f in fields])
        for row in rows:
            writer.writerow([r"\N" if row[f.name] is None else row[f.name] for f in fields])
        return out.getvalue().encode()
    return (json.dumps([{f.name: _json(f, row[f.name]) for f in fields} for row in rows]) + "\n").encode()


def _json(field: FieldPlan, value: str | None) -> object:
    if value is None or field.action is Action.MASK:
        return value
    if field.kind in (ValueKind.INTEGER, ValueKind.JSON):
        return json.loads(value)
    return value


class Example:
    """Contents with the staged files behind them."""

    def __init__(
        self,
        right: Right = Right.ACCESS,
        language: str = "nl",
        formats: tuple[str, ...] = ("csv", "json"),
        rows: dict[str, Rows] | None = None,
    ) -> None:
        self.rows = ROWS | (rows or {})
        self.plan = plan(right, language, formats)
        self.files: dict[str, bytes] = {}
        extracts = []
        for source in self.plan.sources:
            tables = [self._table(e) for e in self.plan.of_source(source)]
            searched = tuple(Searched(name, columns=1) for name in INVENTORY.sources[source].tables)
            extracts.append(SourceExtract(source, f"snapshot-{source}", tuple(tables), searched=searched))
        self.contents = Contents(
            plan=self.plan,
            extracts=tuple(extracts),
            inventory=INVENTORY,
            request=Request(
                id=REQUEST,
                case="case-0123456789ab",
                right=right,
                received_at="2026-06-11T08:30:00Z",
                zone="Europe/Amsterdam",
                state=State.ACCEPTED,
                version=3,
                language=language,
                formats=formats,
            ),
            samples={e.name: self.rows[e.name][:25] for e in self.plan.extracts},
            seal=Seal("2026-07-01T09:00:00Z", 42, "ab" * 32),
            formats=FORMATS,
        )

    def _table(self, extract: ExtractPlan) -> TableExtract:
        rows, entries = self.rows[extract.name], []
        for name in self.plan.formats:
            content = written(extract.selected, rows, name)
            path = f"{extract.source}/{extract.table}.{name}"
            options = {"null": r"\N"} if name == "csv" else {}
            entries.append(self.stage(path, name, content, options))
        masked = {
            f.name: sum(row[f.name] is not None for row in rows)
            for f in extract.fields
            if f.action is Action.MASK
        }
        return TableExtract(
            extract.source, extract.table, (TablePart(len(rows), tuple(entries), {}),), masked
        )

    def stage(self, path: str, name: str, content: bytes, options: dict[str, str]) -> FileEntry:
        """Keep a file as staging holds it, deflated."""
        deflated = zlib.compress(content, level=1, wbits=-15)
        self.files[path] = deflated
        return FileEntry(
            path=path,
            format=name,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            options=options,
            crc32=zlib.crc32(content),
            deflated_bytes=len(deflated),
            deflated_sha256=hashlib.sha256(deflated).hexdigest(),
        )

    def but(self, **changes: Any) -> Example:
        """With other parts of its contents."""
        self.contents = replace(self.contents, **changes)
        return self

    def planned(self, **changes: Any) -> Example:
        """With other parts of its plan."""
        return self.but(plan=replace(self.contents.plan, **changes))

    def plan_of(self, table: str, **changes: Any) -> Example:
        """With another plan of a table."""
        return self.planned(
            extracts=tuple(
                replace(e, **changes) if e.table == table else e for e in self.contents.plan.extracts
            )
        )

    def read(self, table: str, **changes: Any) -> Example:
        """With another record of what was read of a table."""
        extracts = []
        for extract in self.contents.extracts:
            tables = (replace(t, **changes) if t.table == table else t for t in extract.tables)
            extracts.append(replace(extract, tables=tuple(tables)))
        return self.but(extracts=tuple(extracts))

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        return io.BytesIO(self.files[path])

    def unpacked(self, folder: Path) -> Path:
        """Its bundle as people see it, below a folder."""
        with zipfile.ZipFile(io.BytesIO(self.zip())) as archive:
            archive.extractall(folder)
        return folder / ROOT

    def zip(self, signer: Ed25519Signer = SIGNER) -> bytes:
        return b"".join(pack(self.contents, signer=signer, open_payload=self.open, letters=LETTERS))


def cases(file: str) -> list[dict[str, Any]]:
    """The cases of a file of data."""
    found: list[dict[str, Any]] = yaml.safe_load(
        Path(__file__).with_name("data").joinpath(file).read_text("utf-8")
    )
    return found


def differing(found: object, expected: object, where: str = "") -> list[str]:
    """Where a document is not as expected: words that are not named may be there, None is one that is not."""
    if isinstance(expected, dict) and isinstance(found, dict):
        pairs = [(found.get(word), value, f"{where}/{word}") for word, value in expected.items()]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = [(*pair, f"{where}/{n}") for n, pair in enumerate(zip(found, expected, strict=True))]
    elif isinstance(expected, str) and expected.startswith("~") and expected[1:] in str(found):
        return []
    else:
        return [] if found == expected else [f"{where}: {found!r}"]
    return [line for pair in pairs for line in differing(*pair)]


def seen(example: Example) -> Contents:
    """The example's contents with first rows and overviews of all its rows."""
    contents = example.contents
    chosen, kept = choices(contents.inventory, contents.plan), kept_bytes(len(contents.plan.extracts))
    samples, overviews = {}, {}
    for extract in contents.plan.extracts:
        first, profiler = FirstRows(kept), TableProfiler(chosen[extract.name])
        rows = pa.RecordBatch.from_pylist(example.rows[extract.name], schema=text_schema(extract.selected))
        for watcher in (first, profiler):
            watcher.take(rows)
        samples[extract.name], overviews[extract.name] = first.rows, profiler.overview()
    return replace(contents, samples=samples, overviews=overviews)


def multiplied(contents: Contents, table: str, times: int) -> Contents:
    """The same with a table of the source `app` so many times, under other names."""
    app = contents.inventory.sources["app"]
    names = [f"{table}_{number}" for number in range(times)]
    source = app.model_copy(update={"tables": {**app.tables, **dict.fromkeys(names, app.tables[table])}})
    inventory = contents.inventory.model_copy(
        update={"sources": {**contents.inventory.sources, "app": source}}
    )
    (model,) = (e for e in contents.plan.extracts if e.table == table)
    (read,) = (e for e in contents.extracts if e.source == "app")
    (written,) = (t for t in read.tables if t.table == table)
    extracts = [replace(model, table=name) for name in names]
    more = replace(read, tables=(*read.tables, *(replace(written, table=name) for name in names)))
    return replace(
        contents,
        inventory=inventory,
        plan=replace(contents.plan, extracts=(*contents.plan.extracts, *extracts)),
        extracts=(*(e for e in contents.extracts if e is not read), more),
        samples={**contents.samples, **{e.name: contents.samples[model.name] for e in extracts}},
        overviews={**contents.overviews, **{e.name: contents.overviews[model.name] for e in extracts}},
    )


if __name__ == "__main__":
    Path(sys.argv[3]).write_bytes(Example(Right(sys.argv[1]), sys.argv[2]).zip())
