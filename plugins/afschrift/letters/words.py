"""The texts of letters in one language. See `letters.languages`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from afschrift.domain.errors import ConfigurationError
from afschrift.letters.languages import TEXTS, languages
from afschrift.outside.read_yaml import read_yaml

_RELATIONS = {
    "own": ("own",),  # the person who asked
    "by_other": ("by_other", "own"),  # the person for whom another asked
    "for_other": ("for_other", "own"),  # who asked for the person
    "heir": ("heir", "for_other", "own"),  # who asked for the data of a person who died
    "through": ("through", "for_other", "own"),  # who did not ask and is written to for the person
}
"""Relation of the party that is written to -> phrases in which it is put, the first that there is."""
_NAME = re.compile(r"\{(person|representative)\}")


class LetterWords:
    """Phrases, dates and amounts of a language."""

    def __init__(
        self,
        texts: Mapping[str, Any],
        language: str,
        relation: str = "own",
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._texts = texts
        self._language = language
        self._relation = relation
        self._names = names or {}
        self._place = f"include/letters/{language}/{TEXTS}"

    @classmethod
    def load(cls, folder: Path, language: str) -> LetterWords:
        """Read a language.

        Args:
            folder: `include/letters`.
            language: `nl`, `en` or another folder next to them.

        Raises:
            ConfigurationError: there are no letters in this language.
        """
        file = folder / language / TEXTS
        if language not in languages(folder):
            raise ConfigurationError(
                f"There are no letters in the language {language!a}.",
                remedy=f"add the folder {file.parent} with its texts, or choose one of "
                f"{', '.join(sorted(languages(folder)))} for the request.",
            )
        return cls(_read(file, file.stat().st_mtime_ns), language)

    def to(self, relation: str, names: Mapping[str, str]) -> LetterWords:
        """The words of a letter to a party: by its relation to the person concerned, with their names.

        Args:
            relation: one of `_RELATIONS`.
            names: `person` and `representative`; empty: not known or not to be repeated.
        """
        unnamed = LetterWords(self._texts, self._language, relation)
        known = {name: text or unnamed.say("you", name) for name, text in names.items()}
        return LetterWords(self._texts, self._language, relation, known)

    @property
    def of_another(self) -> bool:
        """Whether the person who is written to is not the person concerned."""
        return self._relation in ("for_other", "heir", "through")

    def you(self, phrase: str) -> str:
        """A phrase about the person concerned, for example "your data"."""
        return self.say("you", phrase)

    def say(self, *path: str) -> str:
        """A phrase, for example `say("ways", "login")`; of several the one for the party that is written to.

        Raises:
            ConfigurationError: it is missing in this language.
        """
        found: Any = self._texts
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            found = next((found[r] for r in _RELATIONS[self._relation] if r in found), None)
        if not isinstance(found, str) or not found:
            raise ConfigurationError(
                f"The text '{'.'.join(path)}' is missing in {self._place}.", remedy="add it."
            )
        return _NAME.sub(lambda name: self._names.get(name[1], name[0]), found)

    def day(self, day: date) -> str:
        """A date in words: `5 maart 2026`."""
        months = self._texts.get("months")
        if not isinstance(months, list) or len(months) != 12:
            raise ConfigurationError(f"{self._place} does not name twelve months.", remedy="add them.")
        return self.say("day").format(day=day.day, month=months[day.month - 1], year=day.year)

    def amount(self, euro: Decimal) -> str:
        """An amount with its sign: `€ 3,50`."""
        number = f"{euro:,.2f}".translate({ord(","): self.say("thousands"), ord("."): self.say("decimal")})
        return self.say("amount").format(number=number)


@cache
def _read(file: Path, _changed: int) -> Mapping[str, Any]:
    found = read_yaml(file.read_text(encoding="utf-8"))
    return found if isinstance(found, Mapping) else {}
