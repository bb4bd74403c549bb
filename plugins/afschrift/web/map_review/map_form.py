"""What the page of the data map sends: which questions to show, and what was said of each."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.map_files import Files
from afschrift.datamap.review.offered import meaning_of, must_be_category, must_say_enough, words_of_others
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.errors import ConfigurationError, FormError, RefusedError
from afschrift.domain.vocabulary import Origin
from afschrift.outside.read_json import read_json
from afschrift.web.multipart import Sent

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


LONGEST_WHY = 500
UNDO_CHARACTERS = 1_000_000
"""Of all that the page holds to take answers back; the oldest is dropped."""

_MORE_BYTES = 64_000
"""So much larger than the files as they are may be what an answer put in the place of."""

_DIGITS = 8
_FIELDS = {"a": "choice", "o": "origin", "c": "category", "t": "others", "n": "name"}
_MEANING = "m-"
"""Before the language, in the name of a field with a meaning."""

SURE = {
    "": "any",
    "high": "0.9 and more",
    "middle": "0.7 to 0.9",
    "low": "under 0.7",
    "none": "no program said one",
}


@dataclass(frozen=True)
class MapForm:
    """The whole form.

    Attributes:
        table, text, sure: which questions are shown.
        start: the first one on the page, from 0.
        why, again: why it is right, and the day to look again.
        shown: digest of the files that were seen.
        undo: what takes answers back, the last one at the end.
        given: id of a question -> what was said of it.
        do: the button, and what it is about.
    """

    table: str = ""
    text: str = ""
    sure: str = ""
    start: int = 0
    why: str = ""
    again: str = ""
    shown: str = ""
    undo: tuple[str, ...] = field(default=(), repr=False)
    given: Mapping[str, Given] = field(default_factory=dict)
    do: tuple[str, str] = ("show", "")

    def fits(self, group: Group) -> bool:
        """Whether a question is one of those to show."""
        table, text = self.table.strip().casefold(), self.text.strip().casefold()
        if table and not any(table in f"{one.source}.{one.table}".casefold() for one in group.places):
            return False
        return (not text or text in _all_text(group)) and _is_sure(group.sure, self.sure)

    def later(self, start: int = 0) -> MapForm:
        """The same without what was said, from another question on."""
        return replace(self, given={}, start=start)

    def answer(self, by: str, on: date) -> Answer:
        """Who, when and why, of all answers.

        Raises:
            FormError: a reason is missing, or the day is none.
        """
        faults = {}
        why, day = " ".join(self.why.split()), None
        if not why:
            faults["f-why"] = "is missing: it stands in the file with your name"
        elif len(why) > LONGEST_WHY:
            faults["f-why"] = f"takes up to {LONGEST_WHY} characters"
        try:
            day = date.fromisoformat(self.again) if self.again else None
        except ValueError:
            faults["f-again"] = "write a day as 2027-01-31"
        if day is not None and day <= on:
            faults["f-again"] = "name a day that is still to come"
        if faults:
            raise FormError("Nothing was written.", faults)
        return Answer(by, on, why, day)


def form_of_query(query: Mapping[str, str]) -> MapForm:
    """The questions that an address names."""
    table, text, sure = (query.get(name, "") for name in ("table", "text", "sure"))
    return MapForm(table, text, sure, whole(query.get("start", "")))


def form_of_sent(sent: Sent) -> MapForm:
    """What was filled in."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in sent.fields:
        part, _, of = name.partition(".")
        if of and part in _FIELDS:
            found.setdefault(of, {})[_FIELDS[part]] = value.strip()
        elif of and part.startswith(_MEANING):
            texts = found.setdefault(of, {}).setdefault("meaning", {})
            texts[part.removeprefix(_MEANING)] = value.strip()
    words = {name: sent.one(name) for name in ("table", "text", "sure", "why", "again", "shown")}
    do, _, about = sent.one("do").partition(":")
    return MapForm(
        **words,
        start=whole(sent.one("start")),
        undo=tuple(sent.all("undo")),
        given={of: Given(**said) for of, said in found.items()},
        do=(do, about),
    )


def packed(files: Files) -> str:
    """Files as a field of a form holds them."""
    text = json.dumps({path.name: read.decode() for path, read in files.items()}, ensure_ascii=False)
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode()


def unpacked(text: str, now: int) -> dict[str, bytes]:
    """The files of such a field: name -> bytes.

    Args:
        text: of the field, as whoever sends the form has it.
        now: bytes of the files as they are. Answers add words, so those before have hardly more; with escapes
            of JSON at most twice as much.

    Raises:
        RefusedError: it is none, or more than is taken.
    """
    try:
        opened = zlib.decompressobj()
        read = opened.decompress(base64.b64decode(text, validate=True), 2 * now + _MORE_BYTES)
        if opened.unconsumed_tail or not opened.eof:
            raise ValueError
        found: dict[str, str] = read_json(read)
        return {name: written.encode() for name, written in found.items()}
    except (ValueError, AttributeError, binascii.Error, zlib.error):
        raise RefusedError(
            "What takes the answers back does not read. Nothing was written.",
            remedy="take them back in version control, or by hand.",
        ) from None


def kept_undo(undo: tuple[str, ...]) -> tuple[str, ...]:
    """As many of the last ones as a page may hold."""
    left, first = UNDO_CHARACTERS, len(undo)
    while first and len(undo[first - 1]) <= left:
        first -= 1
        left -= len(undo[first])
    return undo[first:]


def whole(text: str) -> int:
    """A number of a question, from 0; what is none, or far too large, is 0."""
    return int(text) if text.isdecimal() and len(text) < _DIGITS else 0


def _all_text(group: Group) -> str:
    def parts() -> Iterator[str]:
        yield group.name
        yield from {place.column or "" for place in group.places}
        yield from group.reasons
        for value in group.said.values():
            yield str(value)
        for values in group.varied.values():
            yield from values

    return "\n".join(parts()).casefold()


def _is_sure(sure: float | None, wanted: str) -> bool:
    match wanted:
        case "high":
            return sure is not None and sure >= 0.9
        case "middle":
            return sure is not None and 0.7 <= sure < 0.9
        case "low":
            return sure is not None and sure < 0.7
        case "none":
            return sure is None
    return True
