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

from afschrift.register.database.database import known, once, remember
from afschrift.register.database.tables import (
    case_fact,
    case_file,
    data_key,
    decision,
    delivery,
    fact,
    letter,
    message,
    question,
    request,
    request_identity,
    run,
    step,
)
from afschrift.register.database.written import ABSENT, Change, RowPlace, written, written_if_any

_LEFT_OUT = {
    # Large, and bound to row and owner by its encryption; of what it protects the HMAC is told.
    message: {"ciphertext"},
    # A sign of life, many times a run.
    run: {"seen_at"},
}
TOLD_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
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
    _forget(tx, table)


def insert_rows(tx: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert many rows of one form in one statement; their primary keys stand in them."""
    tx.execute(insert(table), rows)
    for row in rows:
        whole = {**{column.name: None for column in table.c}, **row}
        _note(tx, _place(table, whole), {name: (ABSENT, whole[name]) for name in told_columns(table)})
    _forget(tx, table)


def change_rows(tx: Connection, table: Table, which: ColumnElement[bool], values: Mapping[str, Any]) -> int:
    """Update rows; how many there were.

    Of each, every told field is told, also those that stay: what else stood in it was relied on.
    """
    _note_change(tx, table, tx.execute(select(table).where(which)).all(), values)
    _forget(tx, table)
    return tx.execute(update(table).where(which).values(dict(values))).rowcount


def change_row(tx: Connection, table: Table, row: Any, values: Mapping[str, Any]) -> None:
    """Update one row, as this transaction read it and did not change it since."""
    _note_change(tx, table, [row], values)
    _forget(tx, table)
    which = [column == getattr(row, column.name) for column in table.primary_key]
    tx.execute(update(table).where(*which).values(dict(values)))
    if table is request:
        written(tx).known[request.name, row.id] = row._replace(**values)


def _note_change(tx: Connection, table: Table, rows: Sequence[Any], values: Mapping[str, Any]) -> None:
    told = told_columns(table)
    for row in rows if any(name in values for name in told) else ():
        old = row._asdict()
        _note(tx, _place(table, old), {name: (old[name], values.get(name, old[name])) for name in told})


def delete_rows(tx: Connection, table: Table, which: ColumnElement[bool]) -> None:
    """Delete rows."""
    _forget(tx, table)
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
    found = once(tx, ("case", case), lambda: _read(tx, _rows_of_a_case(), {"case": case}))
    for table in TOLD_TABLES.values():
        for row in found[table]:
            values = row._asdict()
            yield _place(table, values), {name: values[name] for name in told_columns(table)}


def rows_of_request(tx: Connection, table: Table, request_id: str) -> Sequence[Any]:
    """Rows of a request; in a snapshot in which a gate looked at its case, those that it was shown."""

    def asked() -> Sequence[Any]:
        return tx.execute(_rows_of_request(table), {"request": request_id}).all()

    if (writing := written_if_any(tx)) is None:
        return once(tx, ("rows", table.name, request_id), asked)
    if (table.name, request_id) not in writing.known:
        writing.known[table.name, request_id] = asked()
    found: Sequence[Any] = writing.known[table.name, request_id]
    return found


def written_request(tx: Connection, request_id: str) -> Any:
    """The row of a request that is written about, which reads its other rows too; None: there is none."""
    so_far = written(tx).known
    if (request.name, request_id) not in so_far:
        found = _read(tx, _rows_of_a_request(), {"request": request_id})
        rows = found.pop(request)
        so_far |= {(table.name, request_id): of_table for table, of_table in found.items()}
        so_far[request.name, request_id] = rows[0] if rows else None
    return so_far[request.name, request_id]


def read_case_of(tx: Connection, request_id: str) -> None:
    """Have a snapshot know the rows of a request's case, and the data keys of it, in one statement."""
    found = _read(tx, _rows_of_a_case(by_request=True), {"request": request_id})
    for row in found[case_file]:
        remember(tx, {("case", row.id): found} | _answers(found))


def requests_of_case(tx: Connection, case: str) -> Sequence[Any]:
    """The rows of a case's requests, in the order in which they were received."""
    in_order = (request.c.received_at, request.c.created_at, request.c.id)
    if (found := known(tx, ("case", case))) is not None:
        return sorted(found[request], key=lambda row: [getattr(row, column.name) for column in in_order])
    return tx.execute(select(request).where(request.c.case_id == case).order_by(*in_order)).all()


def prepare_rows(tx: Connection, nothing: str) -> None:
    """Ask all that is asked of rows here, about a request and a case that are not there."""
    read_case_of(tx, nothing)
    _read(tx, _rows_of_a_request(), {"request": nothing})
    list(rows_of(tx, nothing))


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
    written(tx).known.clear()
    left = dict(rows_of(tx, case))
    for place in {*before, *left}:
        if request_id is None or place.request in (request_id, None):
            values = left.get(place, {})
            written(tx).rows[place] = {name: (ABSENT, value) for name, value in values.items()}


class _Rows(NamedTuple):
    """Rows of several tables in one statement, and how to take its rows apart.

    Attributes:
        tables: name -> the table, what makes a row of it, and the places of its columns in the wide row.
    """

    statement: Executable
    tables: Mapping[str, tuple[Table, Callable[..., Any], Sequence[int]]]


_KINDS: tuple[type[TypeEngine[Any]], ...] = (Text, BigInteger, JSON, LargeBinary)


def _read(tx: Connection, asked: _Rows, values: Mapping[str, str]) -> dict[Table, list[Any]]:
    found: dict[Table, list[Any]] = {table: [] for table, *_ in asked.tables.values()}
    for wide in tx.execute(asked.statement, values):
        table, row, places = asked.tables[wide[0]]
        found[table].append(row(*(wide[place] for place in places)))
    return found


def _answers(found: Mapping[Table, list[Any]]) -> dict[Hashable, object]:
    """What the rows of a case answer, by request too."""
    named = [(t.name, row) for t in (case_file, request) for row in found[t]]
    answers: dict[Hashable, object] = {(name, row.id): row for name, row in named}
    keys = {row.owner: row for row in found[data_key]}
    answers |= {("wrapped", row.id): keys.get(row.id) for _, row in named}
    for table, rows in found.items():
        if "request_id" in table.c:
            for asked in found[request]:
                answers["rows", table.name, asked.id] = [row for row in rows if row.request_id == asked.id]
    return answers


@cache
def _rows_of_a_case(*, by_request: bool = False) -> _Rows:
    case: ColumnElement[str] = bindparam("case")
    if by_request:
        case = select(request.c.case_id).where(request.c.id == bindparam("request")).scalar_subquery()
    requests = select(request.c.id).where(request.c.case_id == case)
    wanted = {table: _of_case(table, case, requests) for table in TOLD_TABLES.values()}
    owners = union_all(requests, select(case))
    return _made({**wanted, data_key: data_key.c.owner.in_(owners)})


@cache
def _rows_of_a_request() -> _Rows:
    """Those that every role of the database may read (`roles.sql`)."""
    tables = [decision, delivery, fact, letter, question, run, step]
    wanted = {table: table.c.request_id == bindparam("request") for table in tables}
    return _made({**wanted, request: request.c.id == bindparam("request")})


def _made(wanted: Mapping[Table, ColumnElement[bool]]) -> _Rows:
    """Each table's columns in the first places of their kind, the others empty: slow, so made once."""
    columns = {table: _read_columns(table) for table in wanted}
    counted = [Counter(map(_kind, mine)) for mine in columns.values()]
    width = {kind: max(count[kind] for count in counted) for kind in _KINDS}
    selects, tables = [], {}
    for table, mine in columns.items():
        wide: list[ColumnElement[Any]] = [literal_column(f"'{table.name}'", Text)]
        places: dict[str, int] = {}
        for kind in _KINDS:
            of_kind = [column for column in mine if _kind(column) is kind]
            places |= {column.name: len(wide) + number for number, column in enumerate(of_kind)}
            wide += [*of_kind, *(cast(null(), kind) for _ in range(width[kind] - len(of_kind)))]
        named = [column.label(f"c{number}") for number, column in enumerate(wide)]
        selects.append(select(*named).where(wanted[table]))
        row = namedtuple(table.name, places)  # type: ignore[misc]
        tables[table.name] = (table, row, tuple(places.values()))
    return _Rows(union_all(*selects), tables)


def _kind(column: Column[Any]) -> type[TypeEngine[Any]]:
    known: dict[type[Any], type[TypeEngine[Any]]] = {
        JSON: JSON,
        LargeBinary: LargeBinary,
        Integer: BigInteger,
    }
    return next((kind for made, kind in known.items() if isinstance(column.type, made)), Text)


def _of_case(table: Table, case: ColumnElement[str], requests: Select[Any]) -> ColumnElement[bool]:
    if table is case_file:
        return table.c.id == case
    return table.c.case_id == case if "case_id" in table.c else table.c.request_id.in_(requests)


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


def _forget(tx: Connection, table: Table) -> None:
    """Rows of a table are not any more what this transaction knows of them."""
    so_far = written(tx).known
    for asked in [asked for asked in so_far if asked[0] == table.name]:
        del so_far[asked]


def _note(tx: Connection, place: RowPlace, change: Change) -> None:
    known = written(tx).rows.setdefault(place, {})
    for name, (before, after) in change.items():
        known[name] = (known[name][0] if name in known else before, after)
