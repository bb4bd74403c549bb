"""Languages of what people read. Which there are, the folders of `include/letters` say."""

from __future__ import annotations

from collections.abc import Iterable

MODEL = "nl"
"""Every other language has the texts that this one has; it stands in where a text has no other."""


def ordered(languages: Iterable[str]) -> tuple[str, ...]:
    """The model, then the others by their codes."""
    return tuple(sorted(set(languages), key=lambda language: (language != MODEL, language)))
