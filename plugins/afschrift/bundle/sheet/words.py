"""The sheet's own words in one language: kinds of data, countries, how long something is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from afschrift.bundle.page.words import PageWords, texts
from afschrift.domain.notation import MODEL
from afschrift.law.clock.deadline import Period

UNITS = ("years", "months", "weeks", "days")


class SheetWords(PageWords):
    """The texts of `sheet.yml` over those of `texts.yml`."""

    @classmethod
    def of(cls, letters: Path, language: str) -> SheetWords:
        """Read a language.

        Raises:
            ConfigurationError: there are no texts in this language, or some are missing.
        """
        PageWords.load(letters, language)  # explains a language that is not there
        words = cls(_merged(letters, language), language, "sheet.yml")
        words.require(_merged(letters, MODEL))
        return words

    def data_kind(self, category: str) -> tuple[str, str] | None:
        """The longest category with words that holds a Fides category, and the words; None: there is none."""
        known: Mapping[str, str] = self._texts["data_kinds"]
        while category and category not in known:
            category = category.rpartition(".")[0]
        return (category, str(known[category])) if category else None

    def country(self, code: str) -> str:
        """A country's name, or else its code."""
        return str(self._texts["countries"].get(code, code))

    def lasts(self, period: Period) -> str:
        """A period in words: `1 jaar en 6 maanden`."""
        numbers = ((unit, getattr(period, unit)) for unit in UNITS)
        return self.phrase("kept", "and").join(self._lasting(unit, n) for unit, n in numbers if n)

    def date(self, day: date) -> str:
        """A date in words."""
        return self.day(f"{day.isoformat()}T12:00:00Z", "UTC")

    def _lasting(self, unit: str, number: int) -> str:
        return self.form(self._texts["periods"][unit], number).format(n=self.number(number))


def local_day(value: str | None, zone: str) -> date | None:
    """The day of a value form: a date, a time of a clock, or an instant in a zone; None where it is none."""
    try:
        moment = datetime.fromisoformat(value or "")
        return (moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return None


def _merged(letters: Path, language: str) -> dict[str, Any]:
    folder = letters / language / "bundle"
    return {**texts(folder / "texts.yml"), **texts(folder / "sheet.yml")}
