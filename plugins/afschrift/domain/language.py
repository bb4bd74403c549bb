"""Languages of what people read, and numbers in English. Which there are, `include/letters` says."""

from __future__ import annotations

from collections.abc import Iterable

MODEL = "nl"
"""Every other language has the texts that this one has; it stands in where a text has no other."""


def ordered(languages: Iterable[str]) -> tuple[str, ...]:
    """The model, then the others by their codes."""
    return tuple(sorted(set(languages), key=lambda language: (language != MODEL, language)))


def count(number: int, noun: str) -> str:
    """`1 row`, `2 rows`, `1,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
