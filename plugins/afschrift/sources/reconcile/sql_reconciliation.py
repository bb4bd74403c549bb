"""Reconciliation of an extract's rows by one SQL statement, in a second session while the rows are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pyarrow as pa

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.reconciliation import PRIME, SameRows, Sample, Sums
from afschrift.domain.sources import Dialect
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.catalogue import Rows

_AGAIN = 0.1  # seconds to the next interrupt: the previous one may have come just before a statement began


class Second(Protocol):
    """An open session on the snapshot of the first session, with the same keys."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a small result."""

    def interrupt(self) -> None:
        """End the running statement, if any, from another thread."""

    def __exit__(self, *exc: object) -> None: ...


class SecondSession:
    """Runs statements in a second session, to save time. If that fails, the caller runs them itself.

    Args:
        open_second: opens the second session, at the first statement and in another thread.
    """

    def __init__(self, open_second: Callable[[], Second]) -> None:
        self._open = open_second
        self._second: Second | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._asked: dict[str, Future[list[tuple[Any, ...]]]] = {}

    def ask(self, statement: str) -> None:
        """Start a statement, unless it was started already."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1)
        if statement not in self._asked:
            self._asked[statement] = self._thread.submit(self._rows, statement)

    def answer(self, statement: str) -> list[tuple[Any, ...]] | None:
        """Wait for the rows of a statement; None if it was not started, or failed."""
        asked = self._asked.pop(statement, None)
        try:
            return None if asked is None else asked.result()
        except AfschriftError:  # the first session runs it again, and reports an error that persists
            return None

    def end(self) -> None:
        """End running statements and close the second session; the next `ask` opens a new one."""
        while wait(self._asked.values(), _AGAIN).not_done:
            if self._second is not None:
                self._second.interrupt()
        self._asked.clear()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown()
        second, self._second = self._second, None
        if second is not None:
            second.__exit__()

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        if self._second is None:
            self._second = self._open()
        return self._second.rows(statement)


_FROM = re.compile(r"^FROM .+ AS t$", re.MULTILINE)
_ORDER = "\nORDER BY "
OF_PERSON = "t.afschrift_person"
"""The person of a row, in statements for several persons."""


@dataclass(frozen=True)
class SourceText:
    """How the database writes a column's values.

    Attributes:
        expression: SQL of the text, with `{c}` for the quoted column; never that of `ColumnType`, so that a
            fault there is noticed.
        translate: turns value forms into these texts.
        number: SQL of an integer column as an integer of 64 bits; empty for other columns.
        nested: a list, record or map, whose value form is JSON.
        document: JSON, where the document `null` counts as NULL.
        stored: for JSON, SQL of its stored text; empty if only `expression` is known.
        valid: the source writes JSON documents only, each on one line.
        known: for JSON, SQL that is NULL if there is no document or it is `null`, without writing the
            document; empty if there is no such SQL.
    """

    expression: str
    translate: Callable[[pa.Array], pa.Array]
    number: str = ""
    nested: bool = False
    document: bool = False
    stored: str = ""
    valid: bool = False
    known: str = ""

    def of(self, column: str) -> str:
        """SQL of the text of a quoted column."""
        text = self.expression.replace("{c}", column)
        return f"nullif({text}, 'null')" if self.document else text

    def counted(self, column: str) -> str:
        """SQL that is NULL if a quoted column has no value; whole documents are read only if needed."""
        if not self.document:
            return column
        if self.known:
            return self.known.replace("{c}", column)
        if not self.stored:
            return self.of(column)
        stored = self.stored.replace("{c}", column)
        return f"CASE WHEN {stored} LIKE '%}}' OR {stored} LIKE '%]' THEN '[]' ELSE {self.of(column)} END"

    def planned(self, kind: ValueKind | None, one_line: str) -> SourceText:
        """Adapt it to the kind in the plan.

        Args:
            kind: JSON documents are written on one line with nothing around them, and texts unchanged.
            one_line: SQL of such a document, with `{c}` for the text.
        """
        if kind is not ValueKind.JSON or self.nested:
            return self
        expression = one_line.replace("{c}", self.expression)
        return replace(self, expression=expression, document=True, stored=self.expression)


def same_rows(statement: str) -> str:
    """Cut FROM and WHERE out of an extract's statement, so that the same rows are reconciled.

    Raises:
        ConfigurationError: the statement was not made from `include/sql/extract.sql`.
    """
    begins, ends = _FROM.search(statement), statement.rfind(_ORDER)
    if begins is None or ends < begins.end():
        raise ConfigurationError(
            "A statement of the plan does not show which rows it reads.",
            remedy="clear `classify` and what follows: the plan is made again.",
        )
    return statement[begins.start() : ends]


class SqlReconciliation:
    """Counts rows and values and sums the rows' hashes, in one statement.

    Args:
        rows: runs a statement in the extract's own session, and so on its snapshot.
        dialect: dialect of the session.
        statement: statement of the extract.
        columns: each written column -> how the database writes it; None if that is not known.
        digest: SQL of a row's hash from its texts (see `values.checksum`).
        values: SQL of the columns that are parts of documents.
        second_session: where the statement can start while the rows are still read.
    """

    def __init__(
        self,
        rows: Rows,
        dialect: Dialect,
        statement: str,
        columns: Mapping[str, SourceText | None],
        digest: Callable[[Sequence[str]], str],
        values: Mapping[str, str] | None = None,
        second_session: SecondSession | None = None,
    ) -> None:
        self._rows, self._dialect, self._digest = rows, dialect, digest
        self._second_session = second_session
        self._values = values or {}
        self._same_rows = same_rows(statement)
        self._columns = dict(columns)
        self._own = {name: own for name, own in columns.items() if own is not None}

    @property
    def hashed(self) -> tuple[str, ...]:
        """Columns whose values are hashed: those with a known text in the database."""
        return tuple(self._own)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Those of them that are integers."""
        return tuple(name for name, own in self._own.items() if own.number)

    @property
    def documents(self) -> frozenset[str]:
        """Those of them for which the source writes JSON documents only."""
        return frozenset(name for name, own in self._own.items() if own.valid)

    def own(self, column: str, forms: pa.Array) -> pa.Array:
        """Turn value forms into the source's texts."""
        return self._own[column].translate(forms)

    def begin(self, columns: Sequence[str], sample: Sample | None) -> None:
        """Start the statement in the second session, if there is one."""
        if self._second_session is not None:
            self._second_session.ask(self._sums_statement(columns, sample))

    def sums(self, columns: Sequence[str], sample: Sample | None) -> Sums:
        """Count and hash in the source."""
        statement = self._sums_statement(columns, sample)
        found = self._second_session.answer(statement) if self._second_session is not None else None
        return self._as_sums((self._rows(statement) if found is None else found)[0])

    def _sums_statement(self, columns: Sequence[str], sample: Sample | None) -> str:
        return self._select(self._sums_of(columns, sample)) + self._same_rows

    def together(self, same_rows: SameRows) -> dict[int, Sums]:
        """Count and hash for each person, in one pass."""
        return self._sums_by_person(same_rows, self.hashed)

    def _sums_by_person(self, same_rows: SameRows, columns: Sequence[str]) -> dict[int, Sums]:
        sums = self._select([OF_PERSON, *self._sums_of(columns, None)])
        statement = f"{sums}{same_rows()}\nGROUP BY {OF_PERSON}"
        return {int(person): self._as_sums(found) for person, *found in self._rows(statement)}

    def _select(self, expressions: Sequence[str]) -> str:
        return "SELECT " + ", ".join(map(self._dialect.text, expressions)) + "\n"

    def _sums_of(self, columns: Sequence[str], sample: Sample | None) -> list[str]:
        counted = ["count(*)", *(f"count({self._counted(name)})" for name in self._columns)]
        if not columns:
            return counted
        digest = self._digest([self._own[name].of(self._quoted(name)) for name in columns])
        in_sample = self._in_sample(sample) if sample else "1 = 1"
        return [
            *counted,
            f"count(CASE WHEN {in_sample} THEN 1 END)",
            f"sum(CASE WHEN {in_sample} THEN {digest} END)",
        ]

    def _as_sums(self, values: Sequence[Any]) -> Sums:
        rows, *found = (int(value or 0) for value in values)
        present = dict(zip(self._columns, found, strict=False))
        hashed, total = found[len(present) :] or (0, 0)
        return Sums(rows, present, hashed, total % 2**64)

    def _counted(self, name: str) -> str:
        own, column = self._columns[name], self._quoted(name)
        return column if own is None else own.counted(column)

    def _in_sample(self, sample: Sample) -> str:
        number = self._own[sample.column].number.replace("{c}", self._quoted(sample.column))
        rest = f"{number} % {PRIME}"
        positive = f"(({rest}) + {PRIME}) % {PRIME}"
        return f"({positive}) * {sample.factor} % {PRIME} < {sample.below}"

    def _quoted(self, name: str) -> str:
        return self._values.get(name) or f"t.{self._dialect.quote(name)}"
