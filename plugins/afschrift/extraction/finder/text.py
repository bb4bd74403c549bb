"""Searches the free text of a table while its rows pass, and keeps the positions for a reviewer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from afschrift.domain.redaction import A_MASK, MASK, MOST_POINTERS, Pointer, TablePointers
from afschrift.extraction.finder.patterns import MAY_MATCH, Span, add_spans, spans
from afschrift.extraction.finder.person_names import NameIndex, own_words

_ONLY_MASK = rf"(?s)^(?:{A_MASK}|{re.escape(MASK)}.{{1,4}})$"
"""A value that is only a mask: with a token, without, or with the last four characters of the value."""


@dataclass(frozen=True)
class OwnData:
    """The person's own data, which is not data of others.

    Attributes:
        values: kind and value of the person's addresses and numbers.
        names: words of the person's names, as `own_words` gives them.
    """

    values: frozenset[tuple[str, str]] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, values: Iterable[str], names: Iterable[str], region: str) -> OwnData:
        """Make it from texts, such as the keys and the person's own row of an account."""
        found = (span for value in values for span in spans(value, region))
        return cls(
            frozenset((span.kind, span.value) for span in found),
            own_words(names),
        )


@dataclass(frozen=True)
class People:
    """The people to search for.

    Attributes:
        unread: tables of people (`source.table`) whose names could not be read.
    """

    names: NameIndex = field(default_factory=lambda: NameIndex(()))
    own: OwnData = field(default_factory=OwnData)
    unread: tuple[str, ...] = ()


class TextFinder:
    """Searches columns of a table.

    Args:
        columns: the columns of free text.
        region: the controller's country, for telephone numbers without a country code.
        people: returns the people; called at the first text only, because it may take a while.
        most: number of pointers to keep; all are counted.
        masked: columns of which some values are masks.
    """

    def __init__(
        self,
        columns: Sequence[str],
        region: str,
        people: Callable[[], People],
        most: int = MOST_POINTERS,
        masked: Collection[str] = (),
    ) -> None:
        self._columns = columns
        self._region = region
        self._people = people
        self._most = most
        self._masked = masked
        self._unread: tuple[str, ...] = ()
        self.begin()

    def begin(self) -> None:
        """Forget everything: the table is read from its start."""
        self._rows = 0
        self._pointers: list[Pointer] = []
        self._counts: Counter[str] = Counter()

    def take(self, text: pa.RecordBatch) -> None:
        """Search the next rows, as value forms."""
        found: list[Pointer] = []
        for name in self._columns:
            found += self._column(name, text.column(name))
        self._counts.update(pointer.kind for pointer in found)
        self._pointers += sorted(found)[: self._most - len(self._pointers)]
        self._rows += text.num_rows

    def found(self) -> TablePointers:
        """Findings so far."""
        return TablePointers(tuple(self._pointers), dict(sorted(self._counts.items())), self._unread)

    def _column(self, name: str, column: pa.Array) -> Iterable[Pointer]:
        texts = pl.Series(pl.from_arrow(column), dtype=pl.String)
        look = texts.str.len_bytes() > 0
        if not look.any():
            return
        if name in self._masked:
            look &= ~texts.str.contains(_ONLY_MASK)
        people = self._people()
        self._unread = people.unread
        numbers = (look & texts.str.contains(MAY_MATCH)).arg_true().to_list()
        named = set(people.names.rows(texts.set(~look.fill_null(value=False), None)))
        for row in sorted(named.union(numbers)):
            for span in self._spans(texts[row], people, named=row in named):
                yield Pointer(self._rows + row + 1, name, span.start, span.end, span.kind.value)

    def _spans(self, text: str, people: People, *, named: bool) -> Iterable[Span]:
        found = spans(text, self._region)
        if named:
            found = add_spans(found, people.names.spans(text, people.own.names))
        return [span for span in found if (span.kind, span.value) not in people.own.values]


_COLUMN = "text"


class FileTexts:
    """Searches the texts of one file after the other.

    Args:
        region: the controller's country, for telephone numbers without a country code.
        people: returns the people; called at the first text only.
    """

    def __init__(self, region: str, people: Callable[[], People]) -> None:
        self._finder = TextFinder([_COLUMN], region, people, most=0)
        self.begin()

    def begin(self) -> None:
        """Forget everything: the table is read from its start."""
        self._finder.begin()
        self._places: dict[str, int] = {}

    def read(self, row: int, position: str, text: str) -> None:
        """Search a text of the file of a row."""
        before = self._finder.found().total
        self._finder.take(pa.RecordBatch.from_pydict({_COLUMN: [text]}, pa.schema({_COLUMN: pa.string()})))
        if more := self._finder.found().total - before:
            place = f"{row}:{position}"
            self._places[place] = self._places.get(place, 0) + more

    def found(self) -> TablePointers:
        """Counts over all texts, and the count at each position."""
        found = self._finder.found()
        return TablePointers((), found.counts, found.unread, dict(self._places))
