"""The values that are filled into a letter: checked against its elements, and cleaned for printing.

A letter to a requester who is not identified yet reveals nothing that they did not write themselves. Its
writer has the person's file at hand, and names and numbers from it would go to a stranger who merely claims
to be that person (R10-R12). So each of them must be in what the requester wrote.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from afschrift.domain.errors import FormError
from afschrift.letters.elements import Element, ElementForm
from afschrift.letters.kinds import LetterKind

LINE, TEXT, ITEMS = 200, 6000, 100
"""Most characters of a line and of a text, and most lines of a list; more than that goes as an enclosure."""

_SPACES = re.compile(r"\s+")
_TAKES = {
    ElementForm.LINE: f"one line of up to {LINE} characters",
    ElementForm.TEXT: f"a text of up to {TEXT} characters, its paragraphs divided by an empty line",
    ElementForm.ITEMS: f"a list of 1 to {ITEMS} lines",
    ElementForm.DAY: "a date as 2026-03-05",
    ElementForm.CODE: "one code",
    ElementForm.CODES: "a list of codes",
    ElementForm.COSTS: "code: amount in euro as 3.50",
}
_ONLY_THIS = "only what this request costs may be charged: no overhead, no system, no own hours (R51-R52)"


def takes(element: Element) -> str:
    """What an element takes, in words."""
    words = _TAKES[element.form]
    return f"{words} ({', '.join(element.codes)})" if element.codes else words


def element_values(kind: LetterKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a letter, cleaned; empty ones are left out.

    Args:
        kind: of the letter.
        given: name of an element -> value, as YAML or JSON reads it. Days may be dates.

    Returns:
        Per element: a line; a list of paragraphs, lines or codes; a date; code -> amount.

    Raises:
        FormError: names each element that is unknown, has another form or is missing; repeats no value.
    """
    asked = {element.name: element for element in kind.asked}
    faults: dict[str, str] = {}
    values: dict[str, Any] = {}
    unknown = given.keys() - asked.keys()
    if unknown:
        faults["elements"] = f"{len(unknown)} that this letter does not have; it has {', '.join(asked)}"
    for name, element in asked.items():
        try:
            value = _value(element, given.get(name))
        except ValueError as error:
            faults[name] = str(error)
            continue
        if value:
            values[name] = value
        elif name in kind.required:
            words = f"{element.help[:1].upper()}{element.help[1:]}"
            faults[name] = f"it is missing: {words}; it takes {takes(element)}"
    if faults:
        raise form_error(kind, faults)
    return values


def form_error(kind: LetterKind, faults: Mapping[str, str]) -> FormError:
    """The error about a letter with wrong elements."""
    return FormError.listing(
        f"The letter '{kind.name}' cannot be produced.",
        faults,
        remedy=f"`afschrift letter kinds {kind.name}` shows what it takes; nothing was recorded.",
    )


def clean(text: str) -> str:
    """Remove what is not printed: control characters, direction marks, lone surrogates; normalise to NFC."""
    whole = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in whole if c in "\n\t" or not _unprinted(c))


def _unprinted(character: str) -> bool:
    kind = unicodedata.category(character)
    # A zero-width joiner belongs to emoji and some scripts; the rest of its category controls layout.
    return kind in ("Cc", "Cs", "Cn", "Co") or (kind == "Cf" and character != "\u200d")


def _value(element: Element, value: Any) -> Any:
    if value is None or value == "":
        return None
    read: dict[ElementForm, Callable[[Any], Any]] = {
        ElementForm.LINE: _line,
        ElementForm.TEXT: _paragraphs,
        ElementForm.ITEMS: _items,
        ElementForm.DAY: _day,
        ElementForm.CODE: partial(_code, element),
        ElementForm.CODES: partial(_codes, element),
        ElementForm.COSTS: partial(_costs, element),
    }
    try:
        return read[element.form](value)
    except (TypeError, AttributeError):
        raise ValueError(f"it takes {takes(element)}") from None


def _line(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LINE:
        raise ValueError(f"it takes {_TAKES[ElementForm.LINE]}")
    return _SPACES.sub(" ", clean(value)).strip()


def _paragraphs(value: Any) -> list[str]:
    if not isinstance(value, str) or len(value) > TEXT:
        raise ValueError(f"it takes {_TAKES[ElementForm.TEXT]}")
    parts = re.split(r"\n\s*\n", clean(value).strip())
    return [part.strip() for part in parts if part.strip()]


def _items(value: Any) -> list[str]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > ITEMS:
        raise ValueError(f"it takes {_TAKES[ElementForm.ITEMS]}")
    return [line for line in map(_line, value) if line]


def _day(value: Any) -> date:
    try:
        return value if type(value) is date else date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"it takes {_TAKES[ElementForm.DAY]}") from None


def _code(element: Element, value: Any) -> str:
    return _codes(element, [value])[0]


def _codes(element: Element, value: Any) -> list[str]:
    if isinstance(value, str) or not all(code in element.codes for code in value):
        raise ValueError(f"it takes {takes(element)}")
    return list(dict.fromkeys(value))


def _costs(element: Element, value: Any) -> dict[str, Decimal]:
    if not value.keys() <= set(element.codes):
        raise ValueError(f"it takes {takes(element)}: {_ONLY_THIS}")
    try:
        costs = {name: Decimal(str(amount)) for name, amount in value.items()}
    except InvalidOperation:
        raise ValueError(f"it takes {takes(element)}") from None
    for amount in costs.values():
        exponent = amount.as_tuple().exponent
        if (
            not amount.is_finite()
            or not 0 < amount < 100_000
            or not isinstance(exponent, int)
            or exponent < -2
        ):
            raise ValueError(f"it takes {takes(element)}, above 0")
    return costs


_ADDRESS = re.compile(r"[^\s@<>(),;:]+@[^\s@<>(),;:]+")
_NUMBER = re.compile(r"\+?\w*\d[\w]*(?:[ ./-]?\w*\d\w*)*")
_POSTCODE = re.compile(r"\b[1-9]\d{3}(?: ?[A-Z]{2}|[a-z]{2})\b")
_DAY = re.compile(r"\d{1,2}[-./ ]\d{1,2}[-./ ](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}")
_DIGITS = 5
"""Fewest digits that identify a person: of a customer, telephone or account number."""


def unverified_faults(
    kind: LetterKind, values: Mapping[str, Any], wrote: Sequence[str], own: Sequence[str]
) -> dict[str, str]:
    """What a letter would reveal to a stranger: element -> what is wrong with it, never the value.

    Args:
        kind: of the letter.
        values: as `element_values` gives them.
        wrote: what the requester wrote, and the keys that they gave.
        own: the controller's own texts (address, contact), which are public.
    """
    theirs = _plain("\n".join([*wrote, *own]))
    tight = _tight(theirs)
    faults = {}
    for element in kind.asked:
        texts = list(_texts(values.get(element.name)))
        if element.wrote and any(_plain(text) not in theirs for text in texts):
            faults[element.name] = "it is not in what the requester wrote, and they are not identified yet"
        elif any(_tight(mark) not in tight for text in texts for mark in _marks(text)):
            faults[element.name] = (
                "it holds an address or number that the requester did not write, and they are not "
                "identified yet"
            )
    return faults


def in_text(words: str, texts: Sequence[str]) -> bool:
    """Whether some words are in what was written, however spaced and spelt by case."""
    return _tight(words) in _tight("\n".join(texts))


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
