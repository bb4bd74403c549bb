"""Print the page *Categories* of the site: every category that a column may have, with examples.

`python tools/categories_page.py`. The categories are those of the Fides taxonomy that `inventory check`
accepts, the origins and cautions those that a scan proposes, and the columns, Dutch and English, those of the
lists on which the scan is tested.
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

COLUMNS = ROOT / "tests" / "unit" / "datamap" / "scan" / "data"
MOST = 8
HEAD = """# Categories

A column's [`category`](inventory.md#a-column) says what it holds, as a data category of the Fides taxonomy.
Take the nearest that fits; above them all is `user`. Four things depend on it: a request for a part of the
data may name categories, special and financial data need a surer identity, `defaults` and
`case_categories` apply to a category and all below it, and e-mail addresses, telephone numbers and bank
accounts are [searched for](inventory.md#rows-that-no-way-reaches).

*Usual origin* is what a scan proposes for columns with such names; where there are several, the table
decides. *Take care* says what the law or the software asks: **special** is Art. 9, **criminal** Art. 10,
**secret** that the value never leaves. Column names come from the lists on which the scan is tested.

| Category | Holds | Columns such as | Usual origin | Take care |
|---|---|---|---|---|
"""


class Known:
    """What a scan knows of each category."""

    def __init__(self) -> None:
        self.columns: dict[str, list[str]] = defaultdict(list)
        self.origins: dict[str, set[str]] = defaultdict(set)
        self.open: set[str] = set()  # categories of which some values may leave
        words = vocabulary()
        for concept in words.concepts:
            for place, category in concept.category.items():
                if category in fides_categories():
                    self._concept(concept, place, str(category))
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

    def _concept(self, concept: Concept, place: str, category: str) -> None:
        origin = concept.origin.get(place, concept.origin.get(ELSE))
        if origin and origin != TOPIC:
            self.origins[category].add(origin)
        if not concept.secret:
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


def page() -> str:
    """Return the page."""
    known = Known()
    return HEAD + "".join(known.row(category, holds) for category, holds in fides_categories().items())


if __name__ == "__main__":
    sys.stdout.write(page())
