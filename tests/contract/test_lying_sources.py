"""The suite finds each fault of a source of another package: `examples/source` with a fault planted in it."""

import importlib.util
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from afschrift.domain.sources import Catalogue
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.options import Opening
from afschrift.testing.checks import CHECKS
from afschrift.testing.source_contract import SourceToTest

PACKAGE = Path(__file__).parents[2] / "examples" / "source" / "afschrift_lite" / "source.py"
_spec = importlib.util.spec_from_file_location("afschrift_lite.source", PACKAGE)
assert _spec
assert _spec.loader
lite = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(lite)
ROWS = 24_000


class Liar(lite.Lite):  # type: ignore[misc, name-defined]
    """`kind: lite`, whose batches of a statement with `pad` are changed."""

    def change(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return batches

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        batches = super().stream(statement)
        return self.change(batches) if "pad" in statement else batches


def each(change: Callable[[pa.RecordBatch], pa.RecordBatch]) -> type[Liar]:
    return type("Changed", (Liar,), {"change": lambda _, batches: map(change, batches)})


class FewRows(Liar):
    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        for batch in super().stream(statement):
            yield batch.slice(0, max(1, batch.num_rows - 1))


class Unkeyed(Liar):
    """Gives rows of all persons."""

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        where = statement.find("WHERE EXISTS")
        return super().stream(statement if where < 0 else statement[:where] + "ORDER BY t.id")


class OtherType(Liar):
    def catalogue(self) -> Catalogue:
        tables = {table: dict(columns) for table, columns in super().catalogue().items()}
        tables["awkward"]["t"] = replace(tables["awkward"]["t"], kind=ValueKind.INTEGER)
        return tables


class Hangs(Liar):
    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        time.sleep(3600 if "count" in statement else 0)
        return super().stream(statement)


class Writes(Liar):
    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None)

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        if statement.startswith(("DELETE", "DROP", "INSERT")):
            with sqlite3.connect(self._path) as other:
                other.execute(statement)
            return iter(())
        return super().stream(statement)


class Backslash(Liar):
    """Takes a backslash for an escape, as MySQL does."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        literal = self.dialect.literal
        self.dialect.literal = lambda text: literal(text.replace("\\n", "\n").replace("\\\\", "\\"))


class OneCursor(Liar):
    """A second statement ends the first."""

    current = 0

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        own = self.current = self.current + 1
        for batch in super().stream(statement):
            if own == self.current:
                yield batch


class LeftOpen(Liar):
    """What is not read to its end stays at the server, which answers nothing more."""

    unread = False

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        if self.unread:
            raise sqlite3.ProgrammingError("a result is open")
        self.unread = True
        yield from super().stream(statement)
        self.unread = False


class Flat(Liar):
    """Understands no correlated subquery in an aggregate, and says nothing."""

    def stream(self, statement: str) -> Iterator[pa.RecordBatch]:
        return super().stream(statement.replace("CASE WHEN EXISTS", "CASE WHEN NOT EXISTS"))


SWAPPED = each(lambda batch: batch.take([*range(1, batch.num_rows), 0]))
FAULTS: dict[str, tuple[type[Liar], str, str]] = {
    "too few rows": (FewRows, "own_rows_come_once_and_in_order", "rows of 2,400"),
    "too few rows of a table": (FewRows, "batches_are_bounded", ""),
    "unsorted": (SWAPPED, "own_rows_come_once_and_in_order", "not sorted"),
    "twice": (
        each(lambda batch: batch.take([0, *range(batch.num_rows)])),
        "own_rows_come_once_and_in_order",
        "twice",
    ),
    "another person's": (Unkeyed, "own_rows_come_once_and_in_order", "of another person"),
    "another type than described": (OtherType, "values_are_exact", "t"),
    "hangs": (Hangs, "keys_are_bound", "hangs"),
    "writes": (Writes, "nothing_is_written", "was not refused"),
    "backslashes": (Backslash, "backslashes_are_literal", ""),
    "an open stream ends": (OneCursor, "a_second_statement_loses_no_rows", "ended the first"),
    "an unread stream stays": (LeftOpen, "an_unread_stream_is_left", "a result is open"),
    "EXISTS": (Flat, "statements_are_nested", ""),
}


def source_of(kind: type[Any], path: Path) -> SourceToTest:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE awkward (n INTEGER, t TEXT)")
        file.execute("INSERT INTO awkward VALUES (9007199254740993, 'x')")
        file.execute("CREATE TABLE many (id INTEGER, owner INTEGER, pad TEXT)")
        file.executemany("INSERT INTO many VALUES (?, ?, ?)", ((i, i % 10, f"x{i}") for i in range(ROWS)))
    file.close()
    forms = {"n": (ValueKind.INTEGER, "9007199254740993"), "t": (ValueKind.TEXT, "x")}
    return SourceToTest(lambda: kind(Opening("w", {"path": str(path)})), ROWS, forms, within=30)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_source_is_found(fault: str, tmp_path: Path) -> None:
    liar, check, words = FAULTS[fault]
    of = replace(source_of(liar, tmp_path / "w.db"), within=3 if fault == "hangs" else 60)
    with pytest.raises((AssertionError, sqlite3.Error)) as error:
        CHECKS[check](of)
    assert words in str(error.value)
    assert CHECKS[check](source_of(lite.Lite, tmp_path / "sound.db"))
