"""What another tool says and this one has no place for: told once a word, with the places."""

from __future__ import annotations

from collections.abc import Iterable


class NotImported:
    """Words that have no place here."""

    _SHOWN = 3

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}

    def note(self, words: Iterable[str], place: str, before: str = "") -> None:
        """Remember words of a place."""
        for word in words:
            self._places.setdefault(f"{before}{word}", []).append(place)

    def lines(self) -> tuple[str, ...]:
        """A line a word."""
        return tuple(f"`{word}` is not imported ({self._where(of)})" for word, of in self._places.items())

    def _where(self, places: list[str]) -> str:
        shown = ", ".join(places[: self._SHOWN])
        more = len(places) - self._SHOWN
        return f"{shown} and {more} more" if more > 0 else shown
