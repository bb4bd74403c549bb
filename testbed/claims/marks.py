"""`include/letters/claims.tsv`: every sentence with the claim that it makes, or the mark `courtesy`.

A line has a place, a claim, and the sentence in each language; ` | ` divides sentences where one language
needs two. A place that ends in `*` covers names in lists, such as countries, which are no sentences.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from testbed.claims.sentences import LANGUAGES, LETTERS, sentences

FILE = LETTERS / "claims.tsv"
COURTESY, UNMARKED = "courtesy", "?"
_AND = " | "
_STATES = re.compile(
    r"\b(?:we|our|wij|ons|onze|by|uiterlijk|op|on|law|wet|artikel|article|free|gratis)\b|\d|\{(?!name|…|organisation)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Mark:
    """A line of the file."""

    place: str
    claim: str
    nl: str
    en: str

    def of(self, language: str) -> tuple[str, ...]:
        text = str(getattr(self, language))
        return tuple(text.split(_AND)) if text else ()


@cache
def marks(file: Path = FILE) -> tuple[Mark, ...]:
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple(Mark(**row) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def faults(found: tuple[Mark, ...]) -> Iterator[str]:
    """What is wrong with the marks, each with its place and what to do."""
    names = tuple(mark.place[:-1] for mark in found if mark.place.endswith("*"))
    for language in LANGUAGES:
        marked: dict[str, list[str]] = {}
        for mark in found:
            marked.setdefault(mark.place, []).extend(mark.of(language))
        written = {
            place: list(texts) for place, texts in sentences(language).items() if not place.startswith(names)
        }
        for place, texts in written.items():
            for sentence in texts:
                if sentence not in marked.get(place, ()):
                    yield (
                        f"{language}, {place}: no claim for {sentence!r}. Run `python -m testbed.claims mark`, and "
                        f"replace the `{UNMARKED}` that it writes to {FILE.name} by the claim, or by `{COURTESY}` "
                        "if the sentence says nothing."
                    )
            for sentence in marked.get(place, ()):
                if sentence not in texts:
                    yield f"{language}, {place}: {FILE.name} has {sentence!r}, which is not written there. Mark anew."
        for place in marked.keys() - written.keys():
            if not place.endswith("*"):
                yield f"{language}, {place}: {FILE.name} has this place, and no text is there. Mark anew."
    for mark in found:
        if mark.claim in ("", UNMARKED):
            yield f"{mark.place}: {mark.en!r} has no claim yet."
        if mark.claim == COURTESY and not mark.place.endswith("*") and says_something(mark):
            yield f"{mark.place}: {mark.en!r} says something, so it is no courtesy: give it a claim."


def says_something(mark: Mark) -> bool:
    """Whether a sentence names us with a verb, a day, a number or the law, and asks nothing."""
    heads = (
        mark.en.isupper(),
        mark.en.endswith("?"),
        mark.place.startswith(("texts ", "bundle/texts ", "bundle/sheet ")),
    )
    return not any(heads) and bool(_STATES.search(_LEAVE.sub("", mark.en)))


_LEAVE = re.compile(
    r"Let us know\.|Ask us\.|Please tell us.*|We are sorry.*|Our question|Maybe we can solve it together\.|How you can.*"
)


def mark_anew(found: tuple[Mark, ...]) -> list[Mark]:
    """The lines of all texts as they are, with the claims that are known."""
    known = {(m.place, s): m.claim for m in found for s in (*m.of("nl"), *m.of("en"))}
    names = [mark for mark in found if mark.place.endswith("*")]
    lines = []
    for place, nl in sentences("nl").items():
        if not place.startswith(tuple(mark.place[:-1] for mark in names)):
            old = [mark for mark in found if mark.place == place]
            lines += _of_place(place, list(nl), list(sentences("en").get(place, ())), old, known)
    return [*lines, *names]


def _of_place(
    place: str, nl: list[str], en: list[str], old: list[Mark], known: dict[tuple[str, str], str]
) -> Iterator[Mark]:
    if [s for mark in old for s in mark.of("nl")] == nl and [s for mark in old for s in mark.of("en")] == en:
        yield from old
        return
    if len(nl) != len(en):
        nl, en = [_AND.join(nl)], [_AND.join(en)]
    for first, other in zip(nl, en, strict=True):
        yield Mark(place, known.get((place, other)) or known.get((place, first)) or UNMARKED, first, other)


def write(found: list[Mark], file: Path = FILE) -> None:
    lines = ["place\tclaim\tnl\ten", *("\t".join((m.place, m.claim, m.nl, m.en)) for m in found)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    marks.cache_clear()
