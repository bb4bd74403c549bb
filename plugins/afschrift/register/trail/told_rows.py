"""Rows of the register that must follow from the trail, and the ways to write them.

Whoever writes such a row by `insert_row`, `change_rows` or `delete_rows` has it told by an event of the same
transaction: which fields, with their codes before and after, never a value. What stands in a row and was
told by no event was written by somebody else. What is told of no event is left out below, with its reason.
"""

from __future__ import annotations

from collections import Counter, namedtuple
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    insert,
    literal_column,
    null,
    select,
    union,
    union_all,
    update,
)
from sqlalchemy.types import TypeEngine

from afschrift.register.database.database import once, remember
from afschrift.register.database.identity_tables import request_identity
from afschrift.register.database.tables import (
    case_fact,
    case_file,
    decision,
    delivery,
    fact,
    letter,
    message,
    question,
    request,
    run,
    step,
)
from afschrift.register.database.written import ABSENT, Change, RowPlace, written

_LEFT_OUT = {
    # Large, and bound to row and owner by its encryption; of what it protects the HMAC is told.
    message: {"ciphertext"},
    # A sign of life, many times a run.
    run: {"seen_at"},
}
TOLD_TABLES: dict[str, Table] = {
    one.name: one
    for one in (
        case_file,
        case_fact,
        request,
        request_identity,
        message,
        question,
        decision,
        fact,
        letter,
        delivery,
        step,
        run,
    )
}
"""Not among them: `plan` (encrypted, found by its digest, which a step's row names), `message_part` and
`data_key` (ciphertext that is bound to its place), `look_up` (no back-up has it; its gate asks the events),
`event` and what belongs to it, `segment`."""


def insert_row(tx: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row, to be told by the next event of the transaction that concerns its request or case."""
    done = tx.execute(insert(table).values(dict(values)))
    primary = done.inserted_primary_key or ()
    row = {**{column.name: None for column in table.c}, **values}
    row |= dict(zip((column.name for column in table.primary_key), primary, strict=False))
    _note(tx, _place(table, row), {name: (ABSENT, row[name]) for name in told_columns(table)})


def insert_rows(tx: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert many rows of one form in one statement; their primary keys stand in them."""
    tx.execute(insert(table), rows)
    for row in rows:
        whole = {**{column.name: None for column in table.c}, **row}
        _note(tx, _place(table, whole), {name: (ABSENT, whole[name]) for name in told_columns(table)})


def change_rows(tx: Connection, table: Table, which: ColumnElement[bool], values: Mapping[str, Any]) -> int:
    """Update rows; how many there were.

    Of each, every told field is told, also those that stay: what else stood in it was relied on.
    """
    told = told_columns(table)
    if table is request:
        written(tx).requests.clear()
    if any(name in values for name in told):
        for before in tx.execute(select(table).where(which)).all():
            old = before._asdict()
            change = {name: (old[name], values.get(name, old[name])) for name in told}
            _note(tx, _place(table, old), change)
    return tx.execute(update(table).where(which).values(dict(values))).rowcount


def delete_rows(tx: Connection, table: Table, which: ColumnElement[bool]) -> None:
    """Delete rows."""
    if table is request:
        written(tx).requests.clear()
    for before in tx.execute(select(table).where(which)).all():
        old = before._asdict()
        _note(tx, _place(table, old), {name: (old[name], ABSENT) for name in told_columns(table)})
    tx.execute(delete(table).where(which))


def told_columns(table: Table) -> tuple[str, ...]:
    """The columns of which each value is told."""
    left_out = _LEFT_OUT.get(table, set())
    return tuple(column.name for column in table.c if column.name not in left_out)


def rows_of(tx: Connection, case: str) -> Iterator[tuple[RowPlace, dict[str, Any]]]:
    """All rows of a case that must follow from the trail, with their told fields."""
    for table, rows in once(tx, ("case", case), lambda: _read_case(tx, case)).items():
        for row in rows:
            values = row._asdict()
            yield _place(table, values), {name: values[name] for name in told_columns(table)}


def rows_of_request(tx: Connection, table: Table, request_id: str) -> Sequence[Any]:
    """Rows of a request; in a snapshot in which a gate looked at its case, those that it was shown."""
    asked = ("rows", table.name, request_id)
    return once(tx, asked, lambda: tx.execute(_rows_of_request(table), {"request": request_id}).all())


def stray_rows(tx: Connection) -> Iterator[RowPlace]:
    """Rows that must follow from the trail, and belong to no case that the register knows."""
    known = union(select(case_file.c.id), select(request.c.case_id))
    for table in TOLD_TABLES.values():
        if table in (case_file, request):
            continue
        stray = (
            table.c.case_id.not_in(known)
            if "case_id" in table.c
            else table.c.request_id.not_in(select(request.c.id))
        )
        for row in tx.execute(select(table).where(stray)):
            yield _place(table, row._asdict())


def tell_anew(
    tx: Connection, case: str, request_id: str | None = None, before: Collection[RowPlace] = ()
) -> None:
    """Have the next event of a case tell all its rows as they are, or those of one request and of none.

    Args:
        tx: of `Database.write`.
        case: its id.
        request_id: the request; None: the case, all of it.
        before: rows that there were; those that are gone are told too.
    """
    left = dict(rows_of(tx, case))
    for place in {*before, *left}:
        if request_id is None or place.request in (request_id, None):
            values = left.get(place, {})
            written(tx).rows[place] = {name: (ABSENT, value) for name, value in values.items()}


class _CaseStatement(NamedTuple):
    """All rows of a case in one statement, and how to take its rows apart.

    Attributes:
        tables: name -> the table, what makes a row of it, and the places of its columns in the wide row.
    """

    statement: Executable
    tables: Mapping[str, tuple[Table, Callable[..., Any], Sequence[int]]]


_KINDS: tuple[type[TypeEngine[Any]], ...] = (Text, BigInteger, JSON, LargeBinary)


def _read_case(tx: Connection, case: str) -> dict[Table, list[Any]]:
    """The rows of a case by table; a snapshot knows them from then on, by request too."""
    asked = _case_statement()
    found: dict[Table, list[Any]] = {table: [] for table in TOLD_TABLES.values()}
    for wide in tx.execute(asked.statement, {"case": case}):
        table, row, places = asked.tables[wide[0]]
        found[table].append(row(*(wide[place] for place in places)))
    known: dict[Hashable, object] = {(t.name, row.id): row for t in (case_file, request) for row in found[t]}
    for table, rows in found.items():
        if "request_id" in table.c:
            for one in found[request]:
                known["rows", table.name, one.id] = [row for row in rows if row.request_id == one.id]
    remember(tx, known)
    return found


@cache
def _case_statement() -> _CaseStatement:
    """Each table's columns in the first places of their kind, the others empty: made once, as it is slow."""
    columns = {table: _read_columns(table) for table in TOLD_TABLES.values()}
    counted = [Counter(map(_kind, mine)) for mine in columns.values()]
    width = {kind: max(one[kind] for one in counted) for kind in _KINDS}
    selects, tables = [], {}
    for table, mine in columns.items():
        wide: list[ColumnElement[Any]] = [literal_column(f"'{table.name}'", Text)]
        places: dict[str, int] = {}
        for kind in _KINDS:
            of_kind = [column for column in mine if _kind(column) is kind]
            places |= {column.name: len(wide) + number for number, column in enumerate(of_kind)}
            wide += [*of_kind, *(cast(null(), kind) for _ in range(width[kind] - len(of_kind)))]
        named = [column.label(f"c{number}") for number, column in enumerate(wide)]
        selects.append(select(*named).where(_of_case(table)))
        row = namedtuple(table.name, places)  # type: ignore[misc]
        tables[table.name] = (table, row, tuple(places.values()))
    return _CaseStatement(union_all(*selects), tables)


def _kind(column: Column[Any]) -> type[TypeEngine[Any]]:
    known: dict[type[Any], type[TypeEngine[Any]]] = {
        JSON: JSON,
        LargeBinary: LargeBinary,
        Integer: BigInteger,
    }
    return next((kind for made, kind in known.items() if isinstance(column.type, made)), Text)


def _of_case(table: Table) -> ColumnElement[bool]:
    if table is case_file:
        return table.c.id == bindparam("case")
    if "case_id" in table.c:
        return table.c.case_id == bindparam("case")
    return table.c.request_id.in_(select(request.c.id).where(request.c.case_id == bindparam("case")))


@cache
def _rows_of_request(table: Table) -> Select[Any]:
    return select(*_read_columns(table)).where(table.c.request_id == bindparam("request"))


def _read_columns(table: Table) -> list[Column[Any]]:
    """All but the large ones, which only a use of their own reads."""
    return [column for column in table.c if not (table is message and column.name == "ciphertext")]


def row_id(table: Table, row: Mapping[str, Any]) -> str:
    """The primary key as one text."""
    return "/".join(str(row[column.name]) for column in table.primary_key)


def _place(table: Table, row: Mapping[str, Any]) -> RowPlace:
    of_request = row["id"] if table is request else row.get("request_id")
    case = row["id"] if table is case_file else row.get("case_id")
    return RowPlace(table.name, row_id(table, row), of_request, case)


def _note(tx: Connection, place: RowPlace, change: Change) -> None:
    known = written(tx).rows.setdefault(place, {})
    for name, (before, after) in change.items():
        known[name] = (known[name][0] if name in known else before, after)
