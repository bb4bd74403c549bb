"""A letter to somebody who is not identified yet tells them nothing that they did not write themselves.

Whoever writes such a letter has the person's file before them. Names and numbers from it would go to a
stranger who merely claimed to be that person (R10-R12), so each of them must stand in what came in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from afschrift.letters.kinds import LetterKind

_ADDRESS = re.compile(r"[^\s@<>(),;:]+@[^\s@<>(),;:]+")
_NUMBER = re.compile(r"\+?\w*\d[\w]*(?:[ ./-]?\w*\d\w*)*")
_POSTCODE = re.compile(r"\b[1-9]\d{3}(?: ?[A-Z]{2}|[a-z]{2})\b")
_DAY = re.compile(r"\d{1,2}[-./ ]\d{1,2}[-./ ](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}")
_DIGITS = 5
"""So many digits together single a person out: a customer, telephone or account number."""


def unverified_faults(
    kind: LetterKind, values: Mapping[str, Any], wrote: Sequence[str], own: Sequence[str]
) -> dict[str, str]:
    """What a letter would tell a stranger: element -> what is wrong with it, never the value.

    Args:
        kind: of the letter.
        values: as `filled` gives them.
        wrote: what the requester wrote, and the keys that they gave.
        own: the controller's own texts (address, contact), which anybody may know.
    """
    theirs = _plain("\n".join([*wrote, *own]))
    tight = _tight(theirs)
    faults = {}
    for element in kind.asked:
        texts = list(_texts(values.get(element.name)))
        if element.wrote and any(_plain(text) not in theirs for text in texts):
            faults[element.name] = (
                "it does not stand in what the requester wrote, and they are not identified yet"
            )
        elif any(_tight(mark) not in tight for text in texts for mark in _marks(text)):
            faults[element.name] = (
                "it holds an address or number that the requester did not write, and they are not "
                "identified yet"
            )
    return faults


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from value


def _marks(text: str) -> Iterator[str]:
    """E-mail addresses, postcodes and long numbers."""
    yield from _ADDRESS.findall(text)
    yield from _POSTCODE.findall(text)
    for number in _NUMBER.findall(_DAY.sub(" ", text)):
        if sum(c.isdigit() for c in number) >= _DIGITS:
            yield number


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _tight(text: str) -> str:
    return re.sub(r"[\s./-]", "", _plain(text))
