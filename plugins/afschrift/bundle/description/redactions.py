"""`data/redactions.json`: what was masked, on which ground, how often; never the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.plan import Plan
from afschrift.domain.redaction import GIVEN_FILES, WHOLE, Redaction
from afschrift.inventory.model import Inventory

BY_HAND = "person_masked"
REDACTED = frozenset({"rights_of_others", "trade_secret", "outside_portability", "persons_wish"})
"""Grounds of single cells with a phrase of their own, `redacted_GROUND`."""


def remark(ground: str) -> str:
    """Key of the phrase for the ground of a single cell; an added ground has the general phrase."""
    return f"redacted_{ground}" if ground in REDACTED else BY_HAND


@dataclass(frozen=True)
class Masked:
    """Masked values of one column, by the plan or, cells and spans, by a reviewer on one ground."""

    source: str
    table: str
    column: str
    ground: str
    rules: tuple[str, ...]
    method: str | None
    count: int


def masked_columns(contents: Contents) -> Iterator[Masked]:
    """Columns that the plan masks in tables with rows, also if no value had to be masked."""
    for planned, written in contents.held:
        for f in planned.fields:
            if f.action is Action.MASK:
                count = written.masked.get(f.name, 0)
                yield Masked(planned.source, planned.table, f.name, f.reason, f.rules, f.mask, count)


def masked_cells(contents: Contents) -> Iterator[Masked]:
    """What a reviewer masked, in the order of the columns, without the rows."""
    for planned, _ in contents.held:
        for field in planned.fields:
            mine = [cell for cell in planned.redactions if cell.column == field.name]
            alike = Counter((cell.ground, cell.rules, cell.method) for cell in mine)
            for (ground, rules, method), count in sorted(alike.items()):
                yield Masked(planned.source, planned.table, field.name, ground, rules, method, count)


def masked_files(plan: Plan) -> Iterator[Masked]:
    """The same of files that people found, by their number; the method `file` is of one that is left out."""
    for system in plan.given:
        alike = Counter(
            (system.files.index(cell.key[WHOLE]) + 1, cell.ground, cell.rules, _file_method(cell))
            for cell in system.masks
        )
        for (number, ground, rules, method), count in sorted(alike.items()):
            yield Masked(system.source, GIVEN_FILES, str(number), ground, rules, method, count)


def _file_method(cell: Redaction) -> str:
    return "file" if cell.column == WHOLE and cell.span is None else cell.method


@dataclass(frozen=True)
class MaskingGround:
    """Why values were masked, in words, and a sentence for each column with the number of its values."""

    text: str
    places: tuple[str, ...]


def grounds(contents: Contents, words: PageWords) -> tuple[MaskingGround, ...]:
    """Values that were actually masked, by ground (R31), in the order of their first use."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for masked in masked_columns(contents):
        ground = BY_HAND if masked.ground == "person_decided" else masked.ground
        counts[ground, masked.source, masked.table, masked.column] += masked.count
    for cell in masked_cells(contents):
        counts[remark(cell.ground), cell.source, cell.table, cell.column] += cell.count
    found: dict[str, list[str]] = {}
    for (ground, source, name, field), count in counts.items():
        if count:
            column, table = contents.column_title(source, name, field), contents.table_title(source, name)
            line = words.count("masked_line", count, column=column, table=table)
            found.setdefault(ground, []).append(line)
    for file in masked_files(contents.plan):
        line = file_line(words, contents.inventory, file, contents.language)
        found.setdefault(remark(file.ground), []).append(line)
    return tuple(MaskingGround(words.phrase("remarks", key), tuple(lines)) for key, lines in found.items())


def file_line(words: PageWords, inventory: Inventory, file: Masked, language: str) -> str:
    """The sentence about a file that people found: how often it is masked, or that it is left out."""
    system = inventory.manual[file.source].title.get(language)
    if file.method == "file":
        return words.say("masked_file", n=file.column, system=system)
    return words.count(
        "masked_line", file.count, column=words.say("file_number", n=file.column), table=system
    )


def redactions_document(contents: Contents) -> dict[str, Any]:
    """Make the document (R31: only what must be masked is, and it is disclosed)."""
    every = [*masked_columns(contents), *masked_cells(contents), *masked_files(contents.plan)]
    return {"masked": [asdict(masked) | {"rules": list(masked.rules)} for masked in every]}
