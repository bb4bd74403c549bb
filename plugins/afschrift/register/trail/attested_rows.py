"""Reads and writes rows that the trail attests. All code that writes the tables below uses these functions.

A row that is written by `insert_row`, `change_rows` or `delete_rows` is attested by an event of the same
transaction: its fields, with their codes before and after, never a value. A field that no event attests was
written without the service, and gates shut. What is not attested is listed below, with the reason.
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

from afschrift.register.database.database import cached, cached_or_none, remember
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
    # Large, and bound to row and owner by its encryption; the HMAC of its plaintext is attested.
    message: {"ciphertext"},
    # A sign of life, which changes many times in a run.
    run: {"seen_at"},
}
ATTESTED_TABLES: dict[str, Table] = {
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
"""Not attested: `plan` (encrypted, and found by its digest, which a step's row holds), `message_part` and
`data_key` (ciphertext that is bound to its place), `look_up` (not in back-ups; its gate reads the events),
`event` and its tables, `segment`."""

ADDED: Mapping[str, Mapping[str, Any]] = {
    delivery.name: {
        "state": "arrived",
        "encryption": "none",
        **dict.fromkeys(("key", "name", "begun_at", "arrived")),
    }
}
"""Table -> columns that a migration added, with the value of rows from before; no event attests it."""


def insert_row(tx: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row, to be attested by the transaction's last event of its request or case."""
    done = tx.execute(insert(table).values(dict(values)))
    primary = done.inserted_primary_key or ()
    row = {**{column.name: None for column in table.c}, **values}
    row |= dict(zip((column.name for column in table.primary_key), primary, strict=False))
    _note(tx, place_of(table, row), {name: (ABSENT, row[name]) for name in attested_columns(table)})
    _forget(tx, table)


def insert_rows(tx: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert many rows with the same columns, primary keys included, in one statement."""
    tx.execute(insert(table), rows)
    for row in rows:
        whole = {**{column.name: None for column in table.c}, **row}
        _note(tx, place_of(table, whole), {name: (ABSENT, whole[name]) for name in attested_columns(table)})
    _forget(tx, table)


def change_rows(tx: Connection, table: Table, which: ColumnElement[bool], values: Mapping[str, Any]) -> int:
    """Update rows; returns how many.

    Every field of each row is attested, also the unchanged ones: the service relied on them too.
    """
    _note_change(tx, table, tx.execute(select(table).where(which)).all(), values)
    _forget(tx, table)
    return tx.execute(update(table).where(which).values(dict(values))).rowcount


def change_row(tx: Connection, table: Table, row: Any, values: Mapping[str, Any]) -> None:
    """Update a row that this transaction has read and not changed since."""
    _note_change(tx, table, [row], values)
    _forget(tx, table)
    which = [column == getattr(row, column.name) for column in table.primary_key]
    tx.execute(update(table).where(*which).values(dict(values)))
    if table is request:
        written(tx).known[request.name, row.id] = row._replace(**values)


def _note_change(tx: Connection, table: Table, rows: Sequence[Any], values: Mapping[str, Any]) -> None:
    names = attested_columns(table)
    for row in rows if any(name in values for name in names) else ():
        old = row._asdict()
        _note(tx, place_of(table, old), {name: (old[name], values.get(name, old[name])) for name in names})


def delete_rows(tx: Connection, table: Table, which: ColumnElement[bool]) -> None:
    """Delete rows; their removal is attested."""
    _forget(tx, table)
    for before in tx.execute(select(table).where(which)).all():
        old = before._asdict()
        _note(tx, place_of(table, old), {name: (old[name], ABSENT) for name in attested_columns(table)})
    tx.execute(delete(table).where(which))


@cache
def attested_columns(table: Table) -> tuple[str, ...]:
    """The columns whose values are attested."""
    left_out = _LEFT_OUT.get(table, ())
    return tuple(column.name for column in table.c if column.name not in left_out)


def rows_of(tx: Connection, case: str) -> Iterator[tuple[RowPlace, dict[str, Any]]]:
    """All attested rows of a case, with their attested fields."""
    found = cached(tx, ("case", case), lambda: _read(tx, _rows_of_a_case(), {"case": case}))
    for table in ATTESTED_TABLES.values():
        for row in found[table]:
            values = {name: getattr(row, name) for name in attested_columns(table)}
            yield place_of(table, values), values


def rows_of_request(tx: Connection, table: Table, request_id: str) -> Sequence[Any]:
    """Rows of a request; in a snapshot the same rows that a gate checked."""

    def asked() -> Sequence[Any]:
        return tx.execute(_rows_of_request(table), {"request": request_id}).all()

    if (writing := written_if_any(tx)) is None:
        return cached(tx, ("rows", table.name, request_id), asked)
    if (table.name, request_id) not in writing.known:
        writing.known[table.name, request_id] = asked()
    found: Sequence[Any] = writing.known[table.name, request_id]
    return found


def written_request(tx: Connection, request_id: str) -> Any:
    """The row of a request in a write transaction, read with its other rows; None: there is none."""
    so_far = written(tx).known
    if (request.name, request_id) not in so_far:
        found = _read(tx, _rows_of_a_request(), {"request": request_id})
        rows = found.pop(request)
        so_far |= {(table.name, request_id): of_table for table, of_table in found.items()}
        so_far[request.name, request_id] = rows[0] if rows else None
    return so_far[request.name, request_id]


def read_case_of(tx: Connection, request_id: str) -> None:
    """Read the rows and data keys of a request's case into the snapshot's cache, by one statement."""
    found = _read(tx, _rows_of_a_case(by_request=True), {"request": request_id})
    for row in found[case_file]:
        remember(tx, {("case", row.id): found} | _answers(found))


def requests_of_case(tx: Connection, case: str) -> Sequence[Any]:
    """The rows of a case's requests, in the order in which they were received."""
    in_order = (request.c.received_at, request.c.created_at, request.c.id)
    if (found := cached_or_none(tx, ("case", case))) is not None:
        return sorted(found[request], key=lambda row: [getattr(row, column.name) for column in in_order])
    asked = select(request).where(request.c.case_id == case).order_by(*in_order)
    if written_if_any(tx) is not None:
        return tx.execute(asked).all()
    return cached(tx, ("requests", case), lambda: tx.execute(asked).all())


def read_requests(tx: Connection, ids: Collection[str]) -> list[str]:
    """Read the rows of many requests and their cases into the snapshot's cache, by a statement a table.

    Returns:
        Ids of those that there are, in the order of receipt.
    """
    cases = select(request.c.case_id).where(request.c.id.in_(ids))
    in_order = (request.c.received_at, request.c.created_at, request.c.id)
    rows = tx.execute(select(request).where(request.c.case_id.in_(cases)).order_by(*in_order)).all()
    known: dict[Hashable, Any] = {(request.name, row.id): row for row in rows}
    for row in rows:
        known.setdefault(("requests", row.case_id), []).append(row)
    known |= {("case_facts", row.case_id): [] for row in rows}
    of_case = [row.case_id for row in rows]
    facts = select(case_fact).where(case_fact.c.case_id.in_(of_case))
    for row in tx.execute(facts.order_by(case_fact.c.case_id, case_fact.c.number)):
        known["case_facts", row.case_id].append(row)
    for row in tx.execute(select(case_file).where(case_file.c.id.in_(of_case))):
        known[case_file.name, row.id] = row
    for table in (decision, fact, letter, question, run):
        known |= {("rows", table.name, row.id): [] for row in rows}
        mine = table.c.request_id.in_([row.id for row in rows])
        for found in tx.execute(select(*columns_read(table)).where(mine)):
            known["rows", table.name, found.request_id].append(found)
    remember(tx, known)
    return [row.id for row in rows if row.id in ids]


def prepare_rows(tx: Connection, nothing: str) -> None:
    """Run the statements of this module for a request and a case that do not exist, to compile them."""
    read_case_of(tx, nothing)
    _read(tx, _rows_of_a_request(), {"request": nothing})
    list(rows_of(tx, nothing))


def stray_rows(tx: Connection) -> Iterator[RowPlace]:
    """Places of attested rows that belong to no case of the register."""
    known = union(select(case_file.c.id), select(request.c.case_id))
    for table in ATTESTED_TABLES.values():
        if table in (case_file, request):
            continue
        of_case, requests = "case_id" in table.c, select(request.c.id)
        stray = table.c.case_id.not_in(known) if of_case else table.c.request_id.not_in(requests)
        for row in tx.execute(select(table).where(stray)):
            yield place_of(table, row._asdict())


def attest_anew(
    tx: Connection, case: str, request_id: str | None = None, before: Collection[RowPlace] = ()
) -> None:
    """Have the transaction's last event of a case attest all its rows as they are now.

    Args:
        tx: of `Database.write`.
        case: its id.
        request_id: attest only the rows of this request and those of no request; None: all rows of the case.
        before: rows that existed before; the removal of those that are gone is attested too.
    """
    written(tx).known.clear()
    left = dict(rows_of(tx, case))
    for place in {*before, *left}:
        if request_id is None or place.request in (request_id, None):
            values = left.get(place, {})
            written(tx).rows[place] = {name: (ABSENT, value) for name, value in values.items()}


class _Rows(NamedTuple):
    """A statement that reads rows of several tables, and how to convert its wide rows.

    Attributes:
        tables: name -> the table, the type of its row, and the positions of its columns in the wide row.
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
    """The answers for the snapshot's cache that the rows of a case give, by request too."""
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
    wanted = {table: _of_case(table, case, requests) for table in ATTESTED_TABLES.values()}
    owners = union_all(requests, select(case))
    return _made({**wanted, data_key: data_key.c.owner.in_(owners)})


@cache
def _rows_of_a_request() -> _Rows:
    """Only tables that every role of the database may read (`roles.sql`)."""
    tables = [decision, delivery, fact, letter, question, run, step]
    wanted = {table: table.c.request_id == bindparam("request") for table in tables}
    return _made({**wanted, request: request.c.id == bindparam("request")})


def _made(wanted: Mapping[Table, ColumnElement[bool]]) -> _Rows:
    """A UNION of all tables: each puts its columns into the first places of their type, the rest is NULL."""
    columns = {table: columns_read(table) for table in wanted}
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
    return select(*columns_read(table)).where(table.c.request_id == bindparam("request"))


def columns_read(table: Table) -> list[Column[Any]]:
    """All columns but the large ones, which are read where they are needed."""
    return [column for column in table.c if not (table is message and column.name == "ciphertext")]


def row_id(table: Table, row: Mapping[str, Any]) -> str:
    """The primary key as one text."""
    return "/".join([str(row[name]) for name in _primary_names(table)])


@cache
def _primary_names(table: Table) -> tuple[str, ...]:
    return tuple(table.primary_key.columns.keys())


def place_of(table: Table, row: Mapping[str, Any]) -> RowPlace:
    """The place of a row with at least its attested fields."""
    of_request = row["id"] if table is request else row.get("request_id")
    case = row["id"] if table is case_file else row.get("case_id")
    return RowPlace(table.name, row_id(table, row), of_request, case)


def _forget(tx: Connection, table: Table) -> None:
    """Discard the rows of a table that this transaction has read, since they change."""
    for asked in [asked for asked in written(tx).known if asked[0] == table.name]:
        del written(tx).known[asked]


def _note(tx: Connection, place: RowPlace, change: Change) -> None:
    known = written(tx).rows.setdefault(place, {})
    for name, (before, after) in change.items():
        known[name] = (known[name][0] if name in known else before, after)
