"""The tables of types in `types.md`, between marks, as the zoo found them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.contract.zoo.cages import SHAPES, Outcome, Row
from tests.contract.zoo.reconciled import ReconciledColumns

PAGE = Path(__file__).parent / "types.md"
_HEAD = (
    "| Types | Alone | In lists, structs, maps | With `kind: text` | Reconciled |\n|---|---|---|---|---|\n"
)


def opening(kind: str) -> str:
    return f"<!-- types of {kind}, written by tests/contract/test_type_zoo.py -->\n"


_CLOSING = "<!-- end -->"


def section(rows: Sequence[Row], seen: Mapping[str, Outcome], reconciled: ReconciledColumns) -> str:
    """A row for each way in which types come out, with the types."""
    found: dict[tuple[str, ...], list[str]] = {}
    for number, row in enumerate(rows):
        alone = seen[f"value_{number}"]
        members = [seen[f"{shape}_{number}"] for shape in SHAPES[1:] if f"{shape}_{number}" in seen]
        inside = {"exact" if member.form is not None else "refused" for member in members}
        assert len(inside) < 2, row.label
        texts = {outcome.text is not None for outcome in (alone, *members)}
        given = {(True,): "its text", (False,): "refused"}.get(tuple(texts), "its text, alone only")
        says = "exact" if alone.form is not None else "refused"
        way = (says, *(inside or {"-"}), given, _reconciled(number, reconciled))
        labels = found.setdefault(way, [])
        if row.label not in labels:
            labels.append(row.label)
    lines = [f"| {', '.join(labels)} | {' | '.join(way)} |" for way, labels in found.items()]
    return _HEAD + "\n".join(lines) + "\n"


def _reconciled(number: int, reconciled: ReconciledColumns) -> str:
    """Whether the source hashes a type's values, or where it only counts them."""
    ways = {
        "alone": [reconciled.typed.get(f"value_{number}")],
        "in others": [reconciled.typed.get(f"{shape}_{number}") for shape in SHAPES[1:]],
        "as text": [reconciled.as_text.get(f"{shape}_{number}") for shape in SHAPES],
    }
    hashed = {way: {column.hashed for column in some if column} for way, some in ways.items()}
    counted = [way for way, found in hashed.items() if False in found]
    if not any(True in found for found in hashed.values()):
        return "counted" if counted else "-"
    return f"hashed; counted {' and '.join(counted)}" if counted else "hashed"


def read(kind: str) -> str:
    """A kind's table on the page; empty where it has none."""
    found = _between(kind).search(PAGE.read_text(encoding="utf-8"))
    return found[1] if found else ""


def write(kind: str, table: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_between(kind).sub(lambda _: f"{opening(kind)}{table}{_CLOSING}", text), encoding="utf-8")


def _between(kind: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(opening(kind))}(.*?){_CLOSING}", re.DOTALL)
