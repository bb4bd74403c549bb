"""Hold a proposed data map against what is true: right, wrong, left open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from afschrift.domain.decision import Protect
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.column import Column as ColumnEntry
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from testbed.truth.answers import Column, Truth, Way

ASPECTS = ("ways", "keys", "categories", "origins", "secrets")


class Verdict(StrEnum):
    """Of one answer."""

    RIGHT = "right"
    WRONG = "wrong"
    OPEN = "open"


@dataclass(frozen=True)
class Judged:
    """One answer, judged.

    Attributes:
        place: `table` or `table.column`.
        answer: what the map says; empty: nothing.
        right: what is accepted.
    """

    aspect: str
    place: str
    verdict: Verdict
    answer: str
    right: str


def score(judged: Mapping[Verdict, int]) -> float | None:
    """From 1 (all right) by 0 (all left open) downwards: a wrong answer counts as three left open."""
    total = sum(judged.values())
    return (judged[Verdict.RIGHT] - 2 * judged[Verdict.WRONG]) / total if total else None


def counts(judged: list[Judged], aspect: str | None = None) -> Counter[Verdict]:
    """How many answers are right, wrong and left open, of one aspect or of all."""
    return Counter(judgement.verdict for judgement in judged if aspect in (None, judgement.aspect))


def judge(source: SourceFile, truth: Truth) -> list[Judged]:
    """Judge what a file of the inventory says of a database; tables that the truth does not know are passed over."""
    entries = _entries(source, truth)
    homes = _homes(source)
    found: list[Judged] = []
    for name, table in truth.tables.items():
        found += _ways(source, truth, name, entries[name], homes)
        found += _keys(name, table.key, table.copy_of, entries[name])
        for column, answers in table.columns.items():
            found += _column(f"{name}.{column}", column, answers, entries[name])
    return found


def unknown(source: SourceFile, truth: Truth) -> list[str]:
    """Tables of the map that the truth does not know."""
    return sorted({_plain(source.in_source(name)) for name in source.tables} - set(truth.tables))


def _plain(table: str) -> str:
    """A table's name without its schema, in small letters."""
    return table.rpartition(".")[2].casefold()


def _entries(source: SourceFile, truth: Truth) -> dict[str, list[Table]]:
    found: dict[str, list[Table]] = {name: [] for name in truth.tables}
    for name, table in source.tables.items():
        found.get(_plain(source.in_source(name)), []).append(table)
    return found


def _homes(source: SourceFile) -> dict[str, str]:
    """Identity key -> the `table.column` that it is the primary key of; of two such tables, the first in the file."""
    found: dict[str, str] = {}
    for name, table in source.tables.items():
        for key, link in table.subject.items():
            if table.key == (link.column,):
                found.setdefault(key, f"{_plain(source.in_source(name))}.{link.column}")
    return found


def _proposed(
    source: SourceFile, truth: Truth, name: str, entries: list[Table], homes: Mapping[str, str]
) -> list[Way]:
    """The ways of a table, whether it says them by `subject` or by `join`."""
    found: dict[Way, None] = {}
    for table in entries:
        for key, link in table.subject.items():
            found[truth.way([(link.column, homes.get(key, f"{name}.{link.column}"))])] = None
        for join in table.join:
            pairs = []
            for own, target in join.items():
                parent, _, column = target.rpartition(".")
                pairs.append((own, f"{_plain(source.in_source(parent))}.{column}"))
            found[truth.way(pairs)] = None
    return list(found)


def _ways(
    source: SourceFile, truth: Truth, name: str, entries: list[Table], homes: Mapping[str, str]
) -> Iterator[Judged]:
    table = truth.tables[name]
    proposed = _proposed(source, truth, name, entries, homes)
    accepted = _in_words(table.ways) or "no way"
    copy = any(entry.copy_of for entry in entries)
    personal = any(entry.personal for entry in entries)
    for way in proposed:
        known = way in table.ways or way in table.ways_too
        yield Judged("ways", name, Verdict.RIGHT if known else Verdict.WRONG, _in_words([way]), accepted)
    if table.ways and entries and not personal and not copy:
        yield Judged("ways", name, Verdict.WRONG, "nothing personal", accepted)
        return
    for way in table.ways:
        if way not in proposed:
            yield Judged("ways", name, Verdict.OPEN, "", _in_words([way]))
    if not table.ways and not proposed:
        if entries and not personal:
            yield Judged("ways", name, Verdict.RIGHT, "no way", accepted)
        elif not table.ways_too:
            yield Judged("ways", name, Verdict.OPEN, "", accepted)


def _keys(name: str, key: tuple[str, ...], copy_of: str | None, entries: list[Table]) -> Iterator[Judged]:
    copies = {_plain(entry.copy_of) for entry in entries if entry.copy_of}
    if copy_of or copies:
        verdict = Verdict.RIGHT if copies == {copy_of} else Verdict.WRONG if copies else Verdict.OPEN
        yield Judged("keys", name, verdict, " ".join(sorted(copies)), copy_of or "no copy")
        return
    proposed = next((entry.key for entry in entries if entry.key), ())
    verdict = Verdict.RIGHT if set(proposed) == set(key) else Verdict.WRONG if proposed else Verdict.OPEN
    yield Judged("keys", name, verdict, ", ".join(proposed), ", ".join(key))


def _column(place: str, name: str, answers: Column, entries: list[Table]) -> Iterator[Judged]:
    """Origin, category and whether it is secret; an open column that is left open is not counted."""
    entry = next((entry for entry in entries if name in entry.columns), None)
    column = _written(entry, name) if entry else None
    answer = _origins(entry, name) if entry else frozenset()
    accepted = ", ".join(sorted(answers.origins))
    verdict = Verdict.OPEN if not answer else Verdict.RIGHT if answer <= answers.origins else Verdict.WRONG
    if verdict is not Verdict.OPEN or not answers.open:
        yield Judged("origins", place, verdict, ", ".join(sorted(answer)), accepted)
    kept = column is not None and column.protect is Protect.SECRET
    if answers.secret or kept:
        unsaid = not kept and not answer  # of which nothing leaves
        verdict = Verdict.RIGHT if kept and answers.secret else Verdict.OPEN if unsaid else Verdict.WRONG
        yield Judged("secrets", place, verdict, "secret" if kept else "", "secret" if answers.secret else "")
    if answer == {Origin.NOT_PERSONAL} or not answers.categories:
        return  # data that are not personal have no category, and one mistake is not counted twice
    category = column.category if column else None
    verdict = _place(category, answers.categories)
    if verdict is not Verdict.OPEN or not answers.open:
        yield Judged("categories", place, verdict, category or "", ", ".join(sorted(answers.categories)))


def _written(table: Table, column: str) -> ColumnEntry:
    """A column's words, whether a person confirmed them or not."""
    entry = table.columns[column]
    return entry.proposal or entry


def _origins(table: Table, column: str) -> frozenset[str]:
    """What the map says; a table without personal data says it of each of its columns."""
    if not table.personal:
        return frozenset({Origin.NOT_PERSONAL})
    if origin := _written(table, column).origin:
        return frozenset({origin})
    return frozenset(table.origin.values.values()) if table.origin else frozenset()


def _place(category: str | None, accepted: frozenset[str]) -> Verdict:
    """A place above an accepted one says too little, and nothing false."""
    if category in accepted:
        return Verdict.RIGHT
    broader = category is None or any(category_.startswith(f"{category}.") for category_ in accepted)
    return Verdict.OPEN if broader else Verdict.WRONG


def _in_words(ways: list[Way] | tuple[Way, ...]) -> str:
    return "; ".join(", ".join(f"{own} -> {end}" for own, end in sorted(way)) for way in ways)
