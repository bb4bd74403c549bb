"""The texts of the pages: a file for each language."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("Europe/Amsterdam")


class Texts:
    """What one language says."""

    def __init__(self, language: str, words: dict[str, str], months: list[str]) -> None:
        self.language, self._words, self._months = language, words, months

    def __getitem__(self, name: str) -> str:
        return self._words[name]

    def of(self, subject: str, word: str) -> str:
        """A text of a word of ours (`right_access`); another word as it is."""
        return self._words.get(f"{subject}_{word}", word)

    def day(self, value: str) -> str:
        """A date as people write it; another text as it is."""
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return value
        return f"{day.day} {self._months[day.month - 1]} {day.year}"

    def moment(self, seconds: int) -> str:
        at = datetime.fromtimestamp(seconds, _ZONE)
        return f"{self.day(at.date().isoformat())}, {at:%H:%M}"

    def size(self, count: int) -> str:
        """Bytes as people read them."""
        for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
            if count >= factor:
                return f"{count / factor:.1f} {unit}".replace(".", self["decimal"])
        return f"{count} bytes"


class Languages:
    """All languages of a portal, by code."""

    def __init__(self, own: str, fallback: str) -> None:
        folders = [*([Path(own)] if own else []), Path(str(files("afschrift_portal"))) / "texts"]
        found = [path for folder in folders for path in sorted(folder.glob("*.toml"))]
        tables = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in found}
        english = tables["en"]
        self.texts = {
            code: Texts(code, {**english["words"], **table["words"]}, table.get("months", english["months"]))
            for code, table in tables.items()
        }
        self._fallback = self.texts.get(fallback, self.texts["en"])

    def choose(self, asked: str | None, accepted: str) -> Texts:
        """The language that a page was asked in, or else the one that the browser likes best."""
        wanted = [asked] if asked else _by_preference(accepted)
        return next((self.texts[code] for code in wanted if code in self.texts), self._fallback)


def _by_preference(header: str) -> list[str]:
    """Codes of an Accept-Language, best first."""
    weighed = []
    for part in header.split(",")[:30]:
        tag, _, weight = part.partition(";")
        with suppress(ValueError):
            rank = -float(weight.strip().removeprefix("q=") or 1)
            weighed.append((rank, tag.strip().lower().partition("-")[0]))
    return [code for _, code in sorted(weighed, key=lambda pair: pair[0])]
