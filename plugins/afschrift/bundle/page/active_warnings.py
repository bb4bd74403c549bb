"""Tells the person in plain words what of a file may run when they open it, and where in the file it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from afschrift.bundle.page.words import PageWords
from afschrift.domain.extracted import GivenFile, Upload
from afschrift.domain.files import ActivePart

_SHOWN = 10

File = TypeVar("File", Upload, GivenFile)


def shown_files(files: Sequence[File], most: int) -> list[File]:
    """The files that the page names: each with a warning, and so many of the others as there is room for."""
    warned = [one for one in files if one.active]
    return warned + [one for one in files if not one.active][: max(0, most - len(warned))]


def warnings(parts: Sequence[ActivePart], words: PageWords) -> tuple[str, ...]:
    """A sentence for each thing that was found, and what to do; nothing where nothing was."""
    if not parts:
        return ()
    said = list(dict.fromkeys(_sentence(one, words) for one in parts))
    more = (words.say("active_more"),) if len(said) > _SHOWN else ()
    return (*said[:_SHOWN], *more, words.say("active_advice"))


def _sentence(part: ActivePart, words: PageWords) -> str:
    where = " ".join(_steps(part.position, words))
    return words.phrase("active", part.kind).format_map({"where": where[:1].upper() + where[1:]})


def _steps(position: str, words: PageWords) -> Iterator[str]:
    """Where it is, from inside to outside."""
    if not position:
        yield words.phrase("active_place", "file")
    for step in reversed(position.split("/") if position else ()):
        word, _, number = step.partition(".")
        yield words.phrase("active_place", word).format_map({"n": number})
