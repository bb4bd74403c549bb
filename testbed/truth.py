"""What is true of a database, as `tests/truth/README.md` describes the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from afschrift.domain.vocabulary import Origin

Way = frozenset[tuple[str, str]]
"""Pairs of a column and the `table.column` that it leads to; of columns with one number, the first represents all."""

ORIGINS = frozenset({*Origin, "mixed"})


@dataclass(frozen=True)
class Column:
    """The accepted answers of one column.

    Attributes:
        origin: the first answer.
        origins, categories: of which any is right; categories is empty where the data are not personal.
        open: two careful officers could differ, so that no answer is no fault.
        secret: it must not leave, whatever its origin.
    """

    origin: Origin
    origins: frozenset[str]
    categories: frozenset[str]
    open: bool = False
    secret: bool = False


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        ways: each is needed to find the person's rows.
        ways_too: may be there or not.
    """

    role: str
    key: tuple[str, ...]
    ways: tuple[Way, ...]
    ways_too: tuple[Way, ...]
    copy_of: str | None
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class Truth:
    """A database.

    Attributes:
        same: `table.column` -> the one that represents it.
    """

    database: str
    tables: Mapping[str, Table]
    same: Mapping[str, str]

    def way(self, pairs: Iterable[tuple[str, str]]) -> Way:
        """A way whose ends are compared with those of another one."""
        return frozenset((own, self.same.get(end, end)) for own, end in pairs)


def read(path: Path) -> Truth:
    """Read one file."""
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    same = {column: group[0] for group in given.get("same", ()) for column in group}
    plain = Truth(given["database"], {}, same)
    return Truth(
        plain.database, {name: _table(plain, entry) for name, entry in given["tables"].items()}, same
    )


def _table(truth: Truth, entry: dict[str, Any]) -> Table:
    columns = {name: _column(column) for name, column in entry.get("columns", {}).items()}
    columns |= dict.fromkeys(entry.get("not_personal", ()), _column(Origin.NOT_PERSONAL))
    return Table(
        role=entry["role"],
        key=tuple(entry["key"]),
        ways=tuple(truth.way(way.items()) for way in entry.get("ways", ())),
        ways_too=tuple(truth.way(way.items()) for way in entry.get("ways_too", ())),
        copy_of=entry.get("copy_of"),
        columns=columns,
    )


def _column(entry: str | dict[str, Any]) -> Column:
    given = {"is": entry} if isinstance(entry, str) else entry
    words = {word for answer in (given["is"], *given.get("or", ())) for word in answer.split()}
    return Column(
        origin=Origin(given["is"].split()[0]),
        origins=frozenset(words & ORIGINS),
        categories=frozenset(words - ORIGINS),
        open=given.get("open", False),
        secret=given.get("secret", False),
    )


@dataclass(frozen=True)
class Statement:
    """A statement written by hand.

    Attributes:
        right: `access` or `portability`; `people` finds three persons of the kind.
        table: that it reads; None of `people`.
        sql: with `:person` for the person's number.
    """

    right: str
    kind: str
    table: str | None
    sql: str


def statements(path: Path) -> Iterator[Statement]:
    """The statements of an `.sql` file, in order."""
    head = re.compile(r"^-- (people|access|portability) (\w+): (.*)$", re.MULTILINE)
    _, *parts = head.split(path.read_text(encoding="utf-8"))
    for right, kind, about, sql in zip(*(parts[n::4] for n in range(4)), strict=True):
        yield Statement(right, kind, None if right == "people" else about.strip(), sql.strip().rstrip(";"))
