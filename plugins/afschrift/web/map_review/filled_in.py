"""What was filled in for one question of the data map, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.offered import meaning_of, must_be_category, must_say_enough, words_of_others
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.vocabulary import Origin

LATER, YES, OTHER = "later", "yes", "other"


@dataclass(frozen=True)
class Given:
    """What was filled in for one question.

    Attributes:
        choice: `later`, `yes` or `other`.
        origin, category, others: said otherwise; empty: as proposed.
        meaning: language -> what the value means.
        name: of the question, as the page showed it.
    """

    choice: str = LATER
    origin: str = ""
    category: str = ""
    others: str = ""
    meaning: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    @property
    def filled(self) -> list[str]:
        """What is said otherwise, each as it was typed."""
        return [one for one in (self.origin, self.category, self.others, *self.meaning.values()) if one]

    @property
    def blank(self) -> bool:
        """Nothing was said."""
        return self.choice == LATER and not self.filled

    @property
    def in_words(self) -> str:
        """For a list of what was not written."""
        return " ".join([{YES: "it is so", OTHER: "otherwise,"}.get(self.choice, "later,"), *self.filled])

    def words(self, group: Group, languages: Sequence[str]) -> dict[str, Any]:
        """What is said otherwise, as an answer has it.

        Raises:
            ConfigurationError: something of it cannot be said.
        """
        said: dict[str, Any] = {"origin": self.origin, "category": self.category}
        said = {word: value for word, value in said.items() if value}
        if self.others:
            said |= words_of_others(group, self.others)
        if any(self.meaning.values()):
            said["meaning"] = meaning_of(self.meaning, languages)
        return said

    def fault(self, group: Group, languages: Sequence[str]) -> str:
        """What is wrong with it; empty: nothing."""
        if self.choice not in (LATER, YES, OTHER):
            return "choose an answer of the three"
        if self.filled and self.choice != OTHER:
            return "something is filled in: choose “Otherwise”, or empty it"
        if self.choice == OTHER and not self.filled:
            return "say what is otherwise"
        if self.origin and self.origin not in set(Origin):
            return "choose an origin of the list"
        try:
            if self.category:
                must_be_category(self.category)
            if self.choice != LATER:
                must_say_enough(group, self.words(group, languages))
        except ConfigurationError as error:
            return str(error)
        return ""
