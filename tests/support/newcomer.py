"""A user who classifies an unknown database from its scan, with the knowledge of tests/truth on each column."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from testbed.truth.answers import Column, Truth, Way

from afschrift.datamap.review.groups import Group, Place
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.load import load

ANSWER = Answer(
    "ann", date(2026, 11, 28), "Gone through with those who know the database.", date(2027, 11, 28)
)
_MEANING = "meaning: {nl: zoals ons beleid zegt, en: as our policy says}"
_OF_A_WAY = ("subject", "join", "ways", "personal", "review", "copy_of", "decided")


@dataclass
class Newcomer:
    """Their work on one project.

    Attributes:
        inventory: its folder.
        lines: written by hand, or taken out.
        decisions: answers of the review, and columns and ways that the review could not take.
        corrected: of them those that say otherwise than was proposed, or what was left open.
    """

    inventory: Path
    truth: Truth
    lines: int = 0
    decisions: int = 0
    corrected: int = 0
    by_hand: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """Of the source."""
        return self.inventory / f"{self.truth.database}.yml"

    def write(self, name: str, old: str, new: str) -> None:
        """Change a file by hand."""
        path = self.inventory / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{name}: {old}"
        path.write_text(text.replace(old, new), "utf-8")
        now, before = Counter(_lines(new)), Counter(_lines(old))
        self.lines += max((now - before).total(), (before - now).total())
        self.by_hand += [f"{name}: {line}" for line in (now - before or before - now).elements()]

    def say_way(self, table: str, words: str) -> None:
        """Say by hand whose the rows of a table are, in one line."""
        head, text = self._block(table)
        kept = [
            line for line in text.splitlines(True) if not re.match(rf"    ({'|'.join(_OF_A_WAY)}):", line)
        ]
        path, whole = self.file, self.file.read_text("utf-8")
        path.write_text(whole.replace(head + text, f"{head}    {words}\n{''.join(kept)}"), "utf-8")
        self._one_line(f"{table}: {words}")

    def review(self) -> None:
        """Answer all that waits: y where the proposal is right, another word where not, by hand what has no key."""
        while True:
            review = Review(self.inventory)
            for group in review.waiting():
                if not group.is_table and len({self._column(place).origin for place in group.places}) > 1:
                    review.take_apart(group)
            waiting = review.waiting()
            if not waiting:
                return
            if by_hand := [group for group in waiting if not self._has_keys(group)]:
                for place in [place for group in by_hand for place in group.places]:
                    self._classify(place)
                continue
            for group in waiting:
                if any(group.key == item.key for item in review.waiting()):
                    self._answer(review, group)

    def _answer(self, review: Review, group: Group) -> None:
        words = {} if group.is_table else self._words(group)
        if group.is_table:
            assert self._right_table(group), (
                f"{group.name} is not what {group.proposed} says: say its way first"
            )
        review.confirm(group, Answer(ANSWER.by, ANSWER.on, ANSWER.why, ANSWER.review, words))
        self.decisions += 1
        self.corrected += bool(words)

    def _words(self, group: Group) -> dict[str, Any]:
        """What is to be said otherwise than is proposed."""
        is_so = self._column(group.places[0])
        words: dict[str, Any] = {}
        if group.proposed.get("origin") != is_so.origin and group.proposed.get("protect") != "secret":
            words["origin"] = str(is_so.origin)
        categories = frozenset.intersection(*(self._column(place).categories for place in group.places))
        text_ = group.proposed.get("category", "")
        broad = any(category == text_ or category.startswith(f"{text_}.") for category in categories)
        if text_ and categories and not broad and is_so.origin is not Origin.NOT_PERSONAL:
            words["category"] = min(categories)
        return words

    def _has_keys(self, group: Group) -> bool:
        """Whether the keys of the review can say it: not of whom it is, or what it means."""
        if group.is_table:
            return True
        columns = [self._column(place) for place in group.places]
        proposed_secret = group.proposed.get("protect") == "secret"
        return (
            all(column.secret == proposed_secret for column in columns)
            and (proposed_secret or columns[0].origin not in (Origin.DERIVED, Origin.INFERRED))
            and "about" not in group.proposed
        )

    def _right_table(self, group: Group) -> bool:
        table = self.truth.tables[group.name]
        if "personal" in group.proposed:
            return not table.ways
        entry = load(self.inventory).sources[self.truth.database].tables[group.name]
        ways: set[Way] = {self.truth.way(join.items()) for join in entry.join}
        known = {self.truth.way([(column, end)]) for way in table.ways for column, end in way}
        own = {link.column for link in entry.subject.values()}
        return ways <= {*table.ways, *table.ways_too} and own <= {
            c for way in (*known, *table.ways_too) for c, _ in way
        }

    def _classify(self, place: Place) -> None:
        """Write the line of a column by hand."""
        column, name = self._column(place), str(place.column)
        head, text = self._block(place.table)
        words = [f"origin: {column.origin}"] + [f"category: {min(column.categories)}"] * bool(
            column.categories
        )
        words += ["protect: secret"] * column.secret
        words += [_MEANING] * (column.origin in (Origin.DERIVED, Origin.INFERRED))
        old = re.search(rf"^      {name}: .*?(?=^ {{0,6}}\S|\Z)", text, re.DOTALL | re.MULTILINE)
        line = f"      {name}: {{{', '.join(words)}}}\n"
        text_ = text.replace(old[0], line) if old else text.replace("    columns:\n", f"    columns:\n{line}")
        if old is None and text_ == text:  # the draft below the file has it, and this counts before that
            text_ = f"{text}    columns:\n{line}"
        whole = self.file.read_text("utf-8")
        self.file.write_text(whole.replace(head + text, head + text_), "utf-8")
        self._one_line(f"{place.table}.{line.strip()}")

    def _column(self, place: Place) -> Column:
        return self.truth.tables[place.table].columns[str(place.column)]

    def _block(self, table: str) -> tuple[str, str]:
        """The head of a table's entry and its other lines."""
        entry = re.compile(rf"^(  {table}:\n)((?:    .*\n|\n)*)", re.MULTILINE)
        if not entry.search(text := self.file.read_text("utf-8")):
            self.file.write_text(f"{text}  {table}:\n", "utf-8")
        found = entry.search(self.file.read_text("utf-8"))
        assert found is not None
        return found[1], found[2]

    def _one_line(self, text_: str) -> None:
        self.lines += 1
        self.decisions += 1
        self.corrected += 1
        self.by_hand.append(f"{self.file.name}: {text_}")


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]
