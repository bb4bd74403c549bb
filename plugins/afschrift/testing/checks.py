"""The checks of the contract: those of `source_contract`, and what is asked of streams and statements."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from queue import Empty, Queue
from threading import Thread

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.notation import count
from afschrift.domain.value_kind import ValueKind
from afschrift.testing import source_contract as contract
from afschrift.testing.source_contract import AT, SourceToTest, plan_of
from afschrift.values.forms import text_batch

Check = Callable[[SourceToTest], str]
_AWKWARD = ("a\\", "\\'; --", "\\n \\\\ %s {x} :y ?", "'' \"quoted\"")


def backslashes_are_literal(of: SourceToTest) -> str:
    """A constant or a name of the data map is what it says, whatever signs it has."""
    with of.open() as session:
        dialect = session.dialect
        try:
            values = ", ".join(f"{dialect.literal(text)} AS v{at}" for at, text in enumerate(_AWKWARD))
        except ConfigurationError:
            return "refused"
        statement = f"SELECT {values}\nFROM {dialect.relation('many')} AS t\n{dialect.one_row}"
        assert session.rows(statement) == [_AWKWARD], session.rows(statement)
        named = f"SELECT 1 AS {dialect.quote(_AWKWARD[2])}\nFROM {dialect.relation('many')} AS t\n"
        [batch] = session.stream(named + dialect.one_row)
        assert batch.schema.names == [_AWKWARD[2]], batch.schema.names
    return f"{count(len(_AWKWARD), 'text')} and a name"


def own_rows_come_once_and_in_order(of: SourceToTest) -> str:
    """A statement gives the rows of a key, each once, sorted."""
    with of.open() as session:
        types, dialect = session.catalogue()["many"], session.dialect
        holds = dialect.holds_key("t.owner", types["owner"].native)
        own = f"WHERE EXISTS (SELECT 1 FROM {dialect.keys} AS k WHERE {holds})"  # noqa: S608 - quoted
        part = plan_of(session, "many", types, ("id",))
        part = replace(part, statement=part.statement.replace("WHERE 1 = 1", own))
        session.bind([Key("owner", "3")], AT)
        found = [
            row
            for batch in session.stream(part.statement)
            for row in text_batch(batch, part.selected).to_pylist()
        ]
    expected = [str(number) for number in range(3, of.rows, 10)]
    if types["id"].kind is ValueKind.TEXT:
        expected.sort()
    assert {row["owner"] for row in found} == {"3"}, "rows of another person"
    ids = [row["id"] for row in found]
    assert sorted(ids) == sorted(expected), f"{len(ids):,} rows of {len(expected):,}, or one twice"
    assert ids == expected, "the rows are not sorted"
    return count(len(ids), "row")


def a_second_statement_loses_no_rows(of: SourceToTest) -> str:
    """While a stream is open, another statement gives its rows, and the stream all of its own or an error."""
    with of.open() as session:
        relation = session.dialect.relation("many")
        stream = session.stream(f"SELECT * FROM {relation}")  # noqa: S608 - quoted
        try:
            rows = next(stream).num_rows
            second = session.rows(f"SELECT count(*) FROM {relation}")  # noqa: S608
            rows += sum(batch.num_rows for batch in stream)
        except AfschriftError:
            return "refused"
        assert second == [(of.rows,)], second
        assert rows == of.rows, f"{rows:,} rows of {of.rows:,}: the second statement ended the first"
    return "both are read to their end"


def an_unread_stream_is_left(of: SourceToTest) -> str:
    """A stream that is not read to its end is closed, and the session goes on; so does one within its end."""
    with of.open() as session:
        relation = session.dialect.relation("many")
        for _ in range(3):
            stream = session.stream(f"SELECT * FROM {relation}")  # noqa: S608 - quoted
            next(stream)
            stream.close()  # type: ignore[attr-defined]
            assert session.rows(f"SELECT count(*) FROM {relation}") == [(of.rows,)]  # noqa: S608
        left = session.stream(f"SELECT * FROM {relation}")  # noqa: S608
        next(left)
    with suppress(AfschriftError):
        left.close()  # type: ignore[attr-defined]
    return "the session goes on"


def statements_are_nested(of: SourceToTest) -> str:
    """EXISTS with a column of the outer query within an aggregate, over a query in FROM, as in the search."""
    with of.open() as session:
        many = session.dialect.relation("many")
        first = f"SELECT 1 FROM {many} AS p WHERE p.id = t.owner"  # noqa: S608 - quoted
        inner = f"SELECT * FROM {many} AS i WHERE i.owner = i.owner"  # noqa: S608
        statement = f"SELECT count(*), count(CASE WHEN EXISTS ({first}) THEN 1 END) FROM ({inner}) AS t"  # noqa: S608
        assert session.rows(statement) == [(of.rows, of.rows)]
    return "in FROM and in an aggregate"


def in_time(check: Check) -> Check:
    """The check, which fails where the source hangs."""

    @wraps(check)
    def checked(of: SourceToTest) -> str:
        found: Queue[str | BaseException] = Queue()

        def run() -> None:
            try:
                found.put(check(of))
            except BaseException as error:
                found.put(error)

        Thread(target=run, name=check.__name__, daemon=True).start()
        try:
            result = found.get(timeout=of.within)
        except Empty:
            raise AssertionError(f"no answer within {of.within:.0f} s: it hangs") from None
        if isinstance(result, BaseException):
            raise result
        return result

    return checked


CHECKS: dict[str, Check] = {
    check.__name__: in_time(check)
    for check in (
        contract.values_are_exact,
        contract.batches_are_bounded,
        own_rows_come_once_and_in_order,
        backslashes_are_literal,
        statements_are_nested,
        a_second_statement_loses_no_rows,
        an_unread_stream_is_left,
        contract.nothing_is_written,
        contract.one_snapshot_is_read,
        contract.keys_are_bound,
        contract.many_keys_are_bound,
        contract.a_key_has_its_interval,
        contract.errors_hold_no_value,
        contract.tables_are_estimated,
        contract.rows_are_reconciled,
        contract.faults_are_found,
        contract.a_statement_is_cancelled,
    )
}
"""The contract: name -> check."""
