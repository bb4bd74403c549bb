"""What every source keeps: exact values, one snapshot, bound keys, no writing; tried on two tables.

`afschrift source test` and tests of packages run the same checks. A check returns what it found, and raises
`AssertionError` where the contract is broken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event, Thread
from time import monotonic
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.decision import Action
from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError, ValidationFailedError
from afschrift.domain.extracted import Compared
from afschrift.domain.keys import Key
from afschrift.domain.notation import count
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.comparison import Comparison
from afschrift.extraction.own_rows import without_keys
from afschrift.sources.options import Scratch, Write
from afschrift.sources.read_session import ReadSession
from afschrift.values.forms import text_batch

AT = "2026-01-01T00:00:00.000000Z"
MOST_ROWS = 65_536
"""Rows of a batch at most: memory does not grow with the table."""

_TOO_LONG = 20.0
_FEW = 1500


@dataclass(frozen=True)
class SourceToTest:
    """A source with the tables `many` (`id` from 0, `owner`: `id` mod 10, `pad`: `x` and `id`) and `awkward`.

    Attributes:
        open: makes a session of it that is not opened yet.
        rows: number of rows of `many`.
        forms: column of `awkward`, which has one row -> its kind and value form.
        write: runs statements by a right to write; None: there is none.
        fails: a statement that fails by the value `secret-value` in it.
        name: name of the source, which errors say.
        within: seconds in which a check ends.
    """

    open: Callable[[], Source]
    rows: int
    forms: Mapping[str, tuple[ValueKind | None, str | None]] = field(default_factory=dict)
    write: Write | None = None
    fails: str = Scratch.fails
    name: str = "w"
    within: float = 600


def _count(session: Source) -> int:
    return int(session.rows(f"SELECT count(*) FROM {session.dialect.relation('many')}")[0][0])  # noqa: S608 - quoted


def plan_of(
    session: Source, table: str, types: Mapping[str, ColumnType], order: tuple[str, ...]
) -> ExtractPlan:
    """The plan of a table of which all rows are the person's."""
    quote = session.dialect.quote
    columns = ",\n".join(
        f"  {column.expression.format(column=f't.{quote(name)}')} AS {quote(name)}"
        for name, column in types.items()
    )
    relation = session.dialect.relation(table)
    by = ", ".join(f"t.{quote(name)}" for name in order)
    statement = f"SELECT\n{columns}\nFROM {relation} AS t\nWHERE 1 = 1\nORDER BY {by}\n"
    fields = tuple(
        FieldPlan(name, column.kind or ValueKind.TEXT, Action.INCLUDE, (), "")
        for name, column in types.items()
    )
    return ExtractPlan("w", table, fields, statement, order=order)


def forms_of(session: Source, table: str, order: str) -> dict[str, tuple[ValueKind | None, str | None]]:
    """Kind and value form of each column of a table's first row; kind None: it is refused."""
    types = session.catalogue()[table]
    part = plan_of(session, table, {name: type_ for name, type_ in types.items() if type_.kind}, (order,))
    batches = [text_batch(batch, part.selected) for batch in session.stream(part.statement)]
    row = pa.Table.from_batches(batches).to_pylist()[0]
    return {name: (type_.kind, row.get(name)) for name, type_ in types.items()}


def values_are_exact(of: SourceToTest) -> str:
    """Each value has the one form that it has in every kind of source."""
    with of.open() as session:
        found = forms_of(session, "awkward", next(iter(of.forms)))
    assert found == of.forms, {
        name: found.get(name) for name in of.forms if found.get(name) != of.forms[name]
    }
    for kind, form in found.values():
        if kind is ValueKind.JSON and form is not None:
            json.loads(form)
    return f"{count(len(found), 'type')} exact"


def batches_are_bounded(of: SourceToTest) -> str:
    """All rows come, in batches of bounded size."""
    with of.open() as session:
        sizes = [
            batch.num_rows
            for batch in session.stream(f"SELECT * FROM {session.dialect.relation('many')}")  # noqa: S608
        ]
    assert sum(sizes) == of.rows, sizes
    assert max(sizes) <= MOST_ROWS, max(sizes)
    return f"at most {count(max(sizes), 'row')} at once"


def nothing_is_written(of: SourceToTest) -> str:
    """A statement that would write fails, and changes nothing."""
    for statement in ("DELETE FROM {many}", "DROP TABLE {many}", "INSERT INTO {many} VALUES (1, 1, '')"):
        with of.open() as session:
            relation = session.dialect.relation("many")
            with suppress(ConfigurationError, RetriableError):
                session.rows(statement.format(many=relation))
                raise AssertionError(f"{statement} was not refused")
    with of.open() as session:
        assert _count(session) == of.rows
    return "DELETE, DROP and INSERT are refused"


def one_snapshot_is_read(of: SourceToTest) -> str:
    """What others write meanwhile is not seen."""
    with of.open() as session:
        assert datetime.fromisoformat(session.snapshot).tzinfo, session.snapshot
        assert _count(session) == of.rows
        if of.write is None:
            return "not tried: there is no right to write"
        try:
            of.write("INSERT INTO many VALUES (-1, -1, '')")
        except Exception as error:
            return f"no one can write while it is read ({type(error).__name__})"
        seen = _count(session)
    of.write("DELETE FROM many WHERE id = -1")
    assert seen == of.rows, "a row that was written meanwhile was read"
    return "a row that was written meanwhile was not read"


def keys_are_bound(of: SourceToTest) -> str:
    """A key finds its rows and no others, and is never a part of a statement."""
    with of.open() as session:
        dialect = session.dialect
        holds = dialect.holds_key("t.owner", session.catalogue()["many"]["owner"].native)
        exists = f"EXISTS (SELECT 1 FROM {dialect.keys} AS k WHERE {holds})"  # noqa: S608
        statement = f"SELECT count(*) FROM {dialect.relation('many')} AS t WHERE {exists}"  # noqa: S608
        for value in ("3", "3 OR 1=1", "' OR 1=1 --", "3.7", "x", "9" * 400):
            session.bind([Key("owner", value)], AT)
            found = session.rows(statement)[0][0]
            assert found == (of.rows // 10 if value == "3" else 0), value
        session.bind([], AT)
        assert session.rows(statement)[0][0] == 0
    return "six values, of which one is a key"


def many_keys_are_bound(of: SourceToTest) -> str:
    """A person with many keys has all their rows."""
    with of.open() as session:
        dialect = session.dialect
        holds = dialect.holds_key("t.id", session.catalogue()["many"]["id"].native)
        session.bind([Key("id", str(number)) for number in range(0, 24_000, 2)], AT)
        exists = f"EXISTS (SELECT 1 FROM {dialect.keys} AS k WHERE k.name = 'id' AND {holds})"  # noqa: S608
        statement = f"SELECT count(*) FROM {dialect.relation('many')} AS t WHERE {exists}"  # noqa: S608
        assert session.rows(statement) == [(12_000,)]
    return "12,000 at once"  # with six values each, more than a driver binds in one statement


def a_key_has_its_interval(of: SourceToTest) -> str:
    """A key counts as the person's from `valid_from` until before `valid_to`."""
    keys = [
        Key("a", "always"),
        Key("a", "past", None, "2025-12-31T23:59:59.000000Z"),
        Key("a", "now", AT, "2026-01-01T00:00:00.000001Z"),
        Key("a", "later", "2026-01-01T00:00:00.000001Z"),
    ]
    with of.open() as session:
        session.bind(keys, AT)
        current = session.rows(
            f"SELECT value FROM {session.dialect.keys} AS k WHERE is_current ORDER BY value"  # noqa: S608
        )
    assert current == [("always",), ("now",)], current
    return "to the microsecond"


def errors_hold_no_value(of: SourceToTest) -> str:
    """An error names the source, and nothing of what a driver says of a value."""
    with of.open() as session:
        try:
            session.rows(of.fails)
        except (ConfigurationError, RetriableError) as error:
            assert f"Source {of.name} " in str(error), "the error does not name the source"
            assert "secret" not in str(error), "the error quotes a value"
            assert error.__cause__ is None, "the error carries the driver's"
        else:
            raise AssertionError("a statement that fails gave rows")
    return "the source is named, the value is not"


def tables_are_estimated(of: SourceToTest) -> str:
    """What a statement would read is said of each table, if only that it is not known."""
    with of.open() as session:
        part = plan_of(session, "many", session.catalogue()["many"], ("id",))
        readings = session.estimate(part.statement).readings
        known = any(reading.whole is not None for reading in readings)
    assert [reading.table.rpartition(".")[2] for reading in readings] == ["many"], readings
    return "by the database" if known else "the database is not asked"


def rows_are_reconciled(of: SourceToTest) -> str:
    """The rows agree with what the source says of them."""
    with of.open() as session:
        types = dict(session.catalogue()["awkward"])
        found = compare(session, plan_of(session, "awkward", types, (next(iter(types)),)))
    assert (found.rows, found.hashed_rows) == (1, 1), found
    return f"{len(found.hashed)} of {count(len(types), 'column')} hashed"


def compare(session: Source, part: ExtractPlan, percent: float = 5) -> Compared:
    """Reconcile what is read with what the source says."""
    comparison = Comparison(session, part, percent, "seed")
    for batch in map(without_keys, session.stream(part.statement)):
        comparison.take(text_batch(batch, part.selected))
    return comparison.require(lambda: map(without_keys, session.stream(part.statement)))


class ChangedRows:
    """A session whose rows are changed on the way, as a fault of a driver would change them."""

    def __init__(self, session: Source, change: Callable[[pa.RecordBatch], pa.RecordBatch]) -> None:
        self._session, self._change = session, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        """The changed batches."""
        yield from map(self._change, self._session.stream(statement))


def with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    """The batch with other values of one column."""
    columns = [values if other == name else batch.column(other) for other in batch.schema.names]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def plus_one(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Another number in each row."""
    owners = pc.add(batch.column("owner").cast(pa.int64()), 1).cast(batch.column("owner").type)
    return with_column(batch, "owner", owners)


def cut_short(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Three characters of each text."""
    return with_column(batch, "pad", pc.utf8_slice_codeunits(batch.column("pad").cast(pa.string()), 0, 3))


FAULTS: dict[str, Callable[[pa.RecordBatch], pa.RecordBatch]] = {
    "another number": plus_one,
    "a text cut short": cut_short,
    "a row lost": lambda batch: batch.slice(1),
    "a row twice": lambda batch: batch.take([0, *range(batch.num_rows)]),
    "a row in place of another": lambda batch: batch.take([1, *range(1, batch.num_rows)]),
}


def faults_are_found(of: SourceToTest) -> str:
    """What a driver changes, loses or doubles between source and file is found."""
    with of.open() as session:
        part = plan_of(session, "many", dict(session.catalogue()["many"]), ("id",))
        few = f"WHERE CAST(t.{session.dialect.quote('id')} AS DECIMAL(9)) < {_FEW}"
        part = replace(part, statement=part.statement.replace("WHERE 1 = 1", few))
        assert compare(session, part).hashed_rows == _FEW
        for name, change in FAULTS.items():
            try:
                compare(cast(Source, ChangedRows(session, change)), part)
            except ValidationFailedError as error:
                assert "x1" not in str(error), "the error quotes a value"
            else:
                raise AssertionError(f"{name} was not found")
    return ", ".join(FAULTS)


def a_statement_is_cancelled(of: SourceToTest) -> str:
    """A statement ends when it is interrupted from another thread."""
    with of.open() as session:
        interrupt = getattr(session, "interrupt", None)
        if interrupt is None or getattr(interrupt, "__func__", None) is ReadSession.interrupt:
            return "it goes on until `statement_timeout`"
        many, ended = session.dialect.relation("many"), Event()
        slow = f"SELECT count(*) FROM {many} AS a, {many} AS b, {many} AS c "  # noqa: S608 - quoted
        slow += "WHERE a.pad <> b.pad AND b.pad <> c.pad"

        def again() -> None:
            while not ended.wait(0.5):  # the first one may come just before the statement begins
                interrupt()

        Thread(target=again, daemon=True).start()
        begun = monotonic()
        try:
            session.rows(slow)
        except AfschriftError:
            took = monotonic() - begun
        else:
            raise AssertionError("a statement of hours gave rows")
        finally:
            ended.set()
    assert took < _TOO_LONG, f"it went on for {took:.0f} s"
    return f"within {max(1, round(took))} s"
