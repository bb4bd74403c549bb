"""`data/redactions.json`: what was masked, on which ground, how often; never the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.plan import ExtractPlan, Plan
from afschrift.domain.redaction import GIVEN_FILES, WHOLE, Redaction
from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory

BY_HAND = "person_masked"
BY_MAP = ("others_masked", "payment_masked")
"""Grounds of the map, which has a reason of its own for each column."""
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
    """Why values were masked, in words, and a sentence for each column with the number of its values.

    Attributes:
        text: with the article, where there is one.
        places: the sentences, with the map's own reason of the column.
    """

    text: str
    places: tuple[str, ...]


def grounds(contents: Contents, words: PageWords) -> tuple[MaskingGround, ...]:
    """Values that were actually masked, by ground (R31), in the order of their first use."""
    counts = {(planned.source, planned.table): written.masked for planned, written in contents.held}
    return grounds_of(contents.plan, contents.inventory, counts, words)


def grounds_of(
    plan: Plan,
    inventory: Inventory,
    counts: Mapping[tuple[str, str], Mapping[str, int]],
    words: PageWords,
) -> tuple[MaskingGround, ...]:
    """The same of a plan.

    Args:
        plan: of the answer.
        inventory: the data map.
        counts: source and table of each table with rows -> column -> number of values masked by the plan.
        words: of the language.
    """
    found: dict[str, list[str]] = {}
    for part in plan.extracts:
        if (part.source, part.table) not in counts:
            continue
        masked: Counter[tuple[str, str]] = Counter()
        for field in part.fields:
            if field.action is Action.MASK:
                ground = BY_HAND if field.reason == "person_decided" else field.reason
                masked[ground, field.name] += counts[part.source, part.table].get(field.name, 0)
            for cell in part.redactions:
                if cell.column == field.name:
                    masked[remark(cell.ground), field.name] += 1
        for (ground, name), count in masked.items():
            if count:
                titles = column_titles(inventory, part.source, part.table, name, plan.language)
                line = words.count("masked_line", count, **titles)
                why = _own_reason(inventory, part, name, plan.language) if ground in BY_MAP else ""
                found.setdefault(ground, []).append(f"{line} {why}".strip())
    for file in masked_files(plan):
        line = file_line(words, inventory, file, plan.language)
        found.setdefault(remark(file.ground), []).append(line)
    return tuple(
        MaskingGround(
            " ".join(filter(None, [words.phrase("remarks", key), words.law(key, plan.right)])), tuple(lines)
        )
        for key, lines in found.items()
    )


def _own_reason(inventory: Inventory, part: ExtractPlan, name: str, language: str) -> str:
    column = inventory.sources[part.source].tables[part.table].columns.get(name)
    return column.not_shown.get(language) if column and column.not_shown else ""


def column_titles(
    inventory: Inventory, source: str, table: str, column: str, language: str
) -> dict[str, str]:
    """Titles of a column and its table; the names where they have none."""
    described = inventory.sources[source].tables[table]
    title = (described.columns.get(column) or Column()).title
    return {
        "column": title.get(language) if title else column,
        "table": described.title.get(language) if described.title else table,
    }


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
