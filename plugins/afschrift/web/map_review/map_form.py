"""The form of the data map's page: which questions to show, and the answer to each."""

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
from afschrift.datamap.review.offered import (
    meaning_of,
    must_be_category,
    must_say_enough,
    no_to,
    word_of,
    words_of_others,
)
from afschrift.datamap.review.written_files import Answer
from afschrift.domain.errors import ConfigurationError, FormError, RefusedError
from afschrift.domain.language import gettext
from afschrift.domain.vocabulary import Origin
from afschrift.outside.read_json import read_json
from afschrift.web.multipart import Sent
from afschrift.web.page import said_error

LATER, YES, NO, OTHER = "later", "yes", "no", "other"


@dataclass(frozen=True)
class GroupAnswer:
    """What was filled in for a question.

    Attributes:
        choice: `later`, `yes`, `no` or `other`.
        origin, category, others: other than proposed; empty: as proposed.
        meaning: language -> what the value means.
        whose: whose the rows of a table are.
        seen: values of it were on the page; empty: none were.
        name: of the question, as the page showed it.
    """

    choice: str = LATER
    origin: str = ""
    category: str = ""
    others: str = ""
    meaning: Mapping[str, str] = field(default_factory=dict)
    whose: str = ""
    seen: str = ""
    name: str = ""

    @property
    def filled(self) -> list[str]:
        """The words that differ from the proposal, as they were typed."""
        words = (self.origin, self.category, self.others, self.whose, *self.meaning.values())
        return [word for word in words if word]

    @property
    def blank(self) -> bool:
        """Nothing was answered."""
        return self.choice == LATER and not self.filled

    @property
    def in_words(self) -> str:
        """For the list of answers that were not written."""
        words = {YES: gettext("it is so"), NO: gettext("no"), OTHER: gettext("otherwise,")}
        return " ".join([words.get(self.choice, gettext("later,")), *self.filled])

    def words(self, group: Group, languages: Sequence[str]) -> dict[str, Any]:
        """The words that differ from the proposal, as in an answer.

        Raises:
            ConfigurationError: a value is not allowed.
        """
        if self.choice == NO:
            return dict(no_to(group))
        if self.whose:
            return dict(group.whose[word_of(group.evidence, self.whose)])
        differing: dict[str, Any] = {"origin": self.origin, "category": self.category}
        differing = {word: value for word, value in differing.items() if value}
        if self.others:
            differing |= words_of_others(group, self.others)
        if any(self.meaning.values()):
            differing["meaning"] = meaning_of(self.meaning, languages)
        return differing

    def fault(self, group: Group, languages: Sequence[str]) -> str:
        """What is wrong with it; empty: nothing."""
        if self.choice not in (LATER, YES, NO, OTHER):
            return "choose an answer that is offered"
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
                must_say_enough(group, words := self.words(group, languages))
                if words.get("personal") is False and not self.seen:
                    return "look at its rows first: press “Rows and values, masked”, then record it"
        except ConfigurationError as error:
            return said_error(error)
        return ""


LONGEST_WHY = 500
UNDO_CHARACTERS = 1_000_000
"""Most characters that the page holds for taking answers back; the oldest are dropped."""

_MORE_BYTES = 64_000
"""How much larger than the present files the files before an answer may be."""

_DIGITS = 8
_FIELDS = {
    "a": "choice",
    "o": "origin",
    "c": "category",
    "t": "others",
    "r": "whose",
    "s": "seen",
    "n": "name",
}
_MEANING = "m-"
"""Before the language, in the name of a field with a meaning."""

SURE = {
    "": "Any",
    "high": "0.9 and more",
    "middle": "0.7 to 0.9",
    "low": "under 0.7",
    "none": "without a confidence",
}


_SURE = {"high": (0.9, 2.0), "middle": (0.7, 0.9), "low": (0.0, 0.7)}


@dataclass(frozen=True)
class MapForm:
    """The whole form.

    Attributes:
        table, text, sure: which questions are shown.
        start: the first one on the page, from 0.
        why, again: why it is right, and the day to look again.
        shown: digest of the files that the page showed.
        undo: files to restore, to take answers back; the last answer at the end.
        apart: paths of the places that are asked about separately, a line each.
        given: id of a question -> its answer.
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
    apart: str = ""
    given: Mapping[str, GroupAnswer] = field(default_factory=dict)
    do: tuple[str, str] = ("show", "")

    def fits(self, group: Group) -> bool:
        """Whether the form's filters match a question."""
        table, text = self.table.strip().casefold(), self.text.strip().casefold()
        if table and not any(table in f"{place.source}.{place.table}".casefold() for place in group.places):
            return False
        return (not text or text in _all_text(group)) and _is_sure(group.sure, self.sure)

    def later(self, start: int = 0) -> MapForm:
        """The form without its answers, from another question on."""
        return replace(self, given={}, start=start)

    def answer(self, by: str, on: date) -> Answer:
        """Who, when and why, of all answers.

        Raises:
            FormError: a reason is missing, or the day is none.
        """
        faults = {}
        why, day = " ".join(self.why.split()), None
        if not why:
            faults["f-why"] = "is missing: it is written into the file with your name"
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
    return MapForm(table, text, sure, question_number(query.get("start", "")))


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
    words = {name: sent.value(name) for name in ("table", "text", "sure", "why", "again", "shown", "apart")}
    do, _, about = sent.value("do").partition(":")
    return MapForm(
        **words,
        start=question_number(sent.value("start")),
        undo=tuple(sent.all("undo")),
        given={of: GroupAnswer(**filled) for of, filled in found.items()},
        do=(do, about),
    )


def pack_files(files: Files) -> str:
    """Files as a field of a form holds them."""
    text = json.dumps({path.name: read.decode() for path, read in files.items()}, ensure_ascii=False)
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode()


def unpack_files(text: str, now: int) -> dict[str, bytes]:
    """The files of such a field: name -> bytes.

    Args:
        text: of the field; the sender of the form may have altered it.
        now: bytes of the present files. Answers add words, so the earlier files are hardly larger; with
            escapes of JSON at most twice as large.

    Raises:
        RefusedError: it is no such field, or larger than allowed.
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
    """The last ones that fit the page's limit."""
    left, first = UNDO_CHARACTERS, len(undo)
    while first and len(undo[first - 1]) <= left:
        first -= 1
        left -= len(undo[first])
    return undo[first:]


def question_number(text: str) -> int:
    """The number of a question, from 0; 0 also for a text that is no number, or far too large."""
    return int(text) if text.isdecimal() and len(text) < _DIGITS else 0


def _all_text(group: Group) -> str:
    def parts() -> Iterator[str]:
        yield group.name
        yield from {place.column or "" for place in group.places}
        yield from group.reasons
        for value in group.proposed.values():
            yield str(value)
        for values in group.varied.values():
            yield from values

    return "\n".join(parts()).casefold()


def _is_sure(sure: float | None, wanted: str) -> bool:
    if wanted not in _SURE or sure is None:
        return wanted not in SURE or not wanted or (wanted == "none" and sure is None)
    low, high = _SURE[wanted]
    return low <= sure < high
