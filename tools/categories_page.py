"""Write docs/categories.md: every category that a column may have, with columns that a scan takes for it.

`python tools/categories_page.py` writes it; with `--check` nothing is written, and the exit status is 1 where
the page differs. The categories are those of the Fides taxonomy that `inventory check` accepts, the origins
and cautions those that a scan proposes, and the columns, Dutch and English, those of its tests that the
vocabulary takes for what a person did.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.datamap.scan.concepts import ELSE, TOPIC, Concept, vocabulary  # noqa: E402
from afschrift.datamap.scan.proposal import cautions  # noqa: E402
from afschrift.inventory.base import fides_categories  # noqa: E402

PAGE = ROOT / "docs" / "categories.md"
COLUMNS = ROOT / "tests" / "unit" / "datamap" / "scan" / "data"
MOST = 8
HEAD = """# Categories

Made by `python tools/categories_page.py` from the Fides taxonomy, the vocabulary of the scan and the names of
columns that its tests know; a test holds them together.

A column's `category` says what it holds ([inventory.md](inventory.md#a-column)). Decisions rest on it in four
places: a request for a part of the data may name categories; a request that reaches special or financial data
needs a surer identity ([questions.md](questions.md#how-sure-an-identity-must-be)); `case_categories` and
[`defaults`](inventory.md#less-to-write) of the inventory go by it, for all below a category too; and e-mail
addresses, telephone numbers and accounts are searched for
[beside the ways](inventory.md#rows-that-no-way-reaches). Take the nearest that fits; above them is `user`.

*Usual origin* is what a scan proposes for columns of such names; where several stand there, the table decides
([proposals.md](proposals.md)). *Heed* says what the law or the software asks of it: **special** is Art. 9,
**criminal** Art. 10, **secret** that the value never leaves. Where no columns are named, its tests know none.

| Category | Holds | Columns such as | Usual origin | Heed |
|---|---|---|---|---|
"""


class Known:
    """What a scan knows of each category."""

    def __init__(self) -> None:
        self.columns: dict[str, list[str]] = defaultdict(list)
        self.origins: dict[str, set[str]] = defaultdict(set)
        self.open: set[str] = set()  # categories of which some values may leave
        words = vocabulary()
        for one in words.concepts:
            for place, category in one.category.items():
                if category in fides_categories():
                    self._concept(one, place, str(category))
        for row in _rows():
            name = row["column"]
            for candidate in words.candidates(words.lexicon.words_of(name))[:1]:
                of = candidate.concept.category
                category = of.get(row["role"], of.get(ELSE)) or ""
                topic = words.topic(words.lexicon.words_of(row["table"]))
                if category == TOPIC and topic is not None:
                    category = topic.category
                if category in row["category"].split("|") and name not in self.columns[category]:
                    self.columns[category].append(name)

    def _concept(self, one: Concept, place: str, category: str) -> None:
        origin = one.origin.get(place, one.origin.get(ELSE))
        if origin and origin != TOPIC:
            self.origins[category].add(origin)
        if not one.secret:
            self.open.add(category)

    def row(self, category: str, description: str) -> str:
        """One category."""
        names = ", ".join(f"`{name}`" for name in self.columns[category][:MOST])
        secret = category in self.origins and category not in self.open
        heed = "; ".join(cautions(category, secret=secret, child=False))
        for long, short in (
            ("special data", "**special**"),
            ("criminal data", "**criminal**"),
            ("secret", "**secret**"),
        ):
            heed = heed.replace(long, short, 1)
        origins = ", ".join(sorted(self.origins[category]))
        return f"| `{category}` | {description.rstrip('.')} | {names} | {origins} | {heed} |\n"


def _rows() -> Iterator[dict[str, str]]:
    """Columns that the tests of the scan know, as people classified them."""
    for path in sorted(COLUMNS.glob("columns_*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def page() -> Iterator[str]:
    """The page, in parts."""
    yield HEAD
    known = Known()
    for category, holds in fides_categories().items():
        yield known.row(category, holds)


def main() -> int:
    """Write the page, or compare it."""
    made = "".join(page())
    if "--check" in sys.argv:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
