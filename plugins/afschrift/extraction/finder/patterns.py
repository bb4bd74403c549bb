"""E-mail addresses, telephone numbers, IBANs and citizen service numbers in a text, each as a span.

Telephone numbers are checked by `phonenumbers` (Google's libphonenumber), IBANs and BSNs by `python-stdnum`:
length, structure and check digits. Texts that only look similar are not reported.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import NamedTuple

import phonenumbers
from stdnum import iban
from stdnum.nl import bsn

from afschrift.domain.redaction import PointerKind

MAY_MATCH = r"@|\b[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}|\d(?:[^\w\n]{0,3}\d){6}"
"""Matches every text that may hold one of these, to filter many texts at once."""

_LOCAL_MOST = 64  # characters before the @ (RFC 5321, 4.5.3.1.1), each with its marks
_IBAN = re.compile(r"(?<![\w-])(?=([A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}(?!\w)))", re.ASCII)
_BSN = re.compile(r"(?<![\w.,/#-])(?:\d{9}|\d{4}([. ])\d{2}\1\d{3}|\d{3}([. ])\d{3}\2\d{3})(?![\w-]|[.,/]\d)")
_SERVICE_NUMBERS = (phonenumbers.PhoneNumberType.TOLL_FREE, phonenumbers.PhoneNumberType.PREMIUM_RATE)
_LOOSE = re.compile(r"[+＋](?!\s?\(?\d)|[(\[（［](?!\s?[+＋]?\d{1,5}\s?[)\]）］])")
"""A bracket or plus that belongs to the text around a number, as in `(06-12345678)`, but not in
`(020) 624 11 11`."""
_NOT_BEFORE_PHONE = re.compile(r"[\w#/_-]")
_POINTS = (range(0x20000), range(0xE0100, 0xE01F0))  # Unicode has no marks outside these ranges


class Span(NamedTuple):
    """A half-open range of a text, in code points; `value` is the same for all ways of writing it."""

    start: int
    end: int
    kind: PointerKind
    value: str


@cache
def marks() -> str:
    r"""All marks of Unicode, for a character class: Python's `\w` does not include them."""
    return "".join(c for c in map(chr, chain(*_POINTS)) if unicodedata.category(c)[0] == "M")


def spans(text: str, region: str) -> list[Span]:
    """Find all of them, in order; of two that overlap, the more certain one.

    Args:
        text: any text.
        region: country of numbers that are written without one, ISO 3166 such as `NL`.
    """
    found: list[Span] = []
    for kind in (_emails(text), _ibans(text), _phones(text, region), _bsns(text, region)):
        found = add_spans(found, kind)
    return found


def add_spans(found: list[Span], more: Iterable[Span]) -> list[Span]:
    """Add those of `more` that overlap neither the found spans nor an earlier one of `more`.

    Takes O(n log n), so that a text with very many spans does not block it.

    Args:
        found: in order, without overlaps.
        more: in the order of their starts.
    """
    starts, added, end = [span.start for span in found], list[Span](), 0
    for span in more:
        before = bisect_left(starts, span.end) - 1  # the last that begins before this one ends
        if span.start >= end and (before < 0 or found[before].end <= span.start):
            added.append(span)
            end = span.end
    return sorted(found + added)


@cache
def _in_local() -> re.Pattern[str]:
    return re.compile(rf"[\w{marks()}.!#$%&'*+/=?^`{{|}}~-]")


@cache
def _domain() -> re.Pattern[str]:
    letter, further = r"[^\W_]", rf"(?:[\w-][{marks()}]*)"
    label = rf"{letter}[{marks()}]*{further}{{0,62}}"
    return re.compile(rf"{label}(?:\.{label})+")


def _emails(text: str) -> Iterator[Span]:
    in_local, domain_at = _in_local(), _domain()
    at = text.find("@")
    while at >= 0:
        start, taken = at, 0
        while start > 0 and taken < _LOCAL_MOST and in_local.match(text[start - 1]):
            start -= 1
            taken += unicodedata.category(text[start])[0] != "M"
        while start < at and not text[start].isalnum():
            start += 1
        domain = domain_at.match(text, at + 1)
        if domain and start < at and text[at - 1] != ".":
            end = at + 1 + len(domain.group().rstrip("-_"))
            if not text[at + 1 : end].rpartition(".")[2].isdigit():
                yield Span(start, end, PointerKind.EMAIL, _fold(text[start:end]))
        at = text.find("@", at + 1)


def _fold(text: str) -> str:
    """Fold an address to the same text for all ways of writing it (Unicode, D145), in NFC."""
    if text.isascii():
        return text.casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _ibans(text: str) -> Iterator[Span]:
    """At each possible start, the longest text that the country's structure and the check digits allow."""
    for match in _IBAN.finditer(text):
        candidate = match.group(1)
        for end in range(len(candidate), 14, -1):
            whole = end == len(candidate) or not candidate[end].isalnum()
            if whole and candidate[end - 1].isalnum() and iban.is_valid(candidate[:end]):
                value = iban.compact(candidate[:end])
                yield Span(match.start(), match.start() + end, PointerKind.IBAN, value)
                break


def _phones(text: str, region: str) -> Iterator[Span]:
    for match in phonenumbers.PhoneNumberMatcher(_LOOSE.sub(" ", text), region):
        if match.start and _NOT_BEFORE_PHONE.match(text[match.start - 1]):
            continue  # the tail of another number: ORD-0201234567, 12/0612345678
        if phonenumbers.number_type(match.number) in _SERVICE_NUMBERS:
            continue
        value = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        yield Span(match.start, match.end, PointerKind.PHONE, value)


def _bsns(text: str, region: str) -> Iterator[Span]:
    """Find BSNs, in the Netherlands only: elsewhere one in eleven numbers of nine digits would pass."""
    if region == "NL":
        for match in _BSN.finditer(text):
            if bsn.is_valid(match.group()):
                yield Span(*match.span(), PointerKind.BSN, bsn.compact(match.group()))
