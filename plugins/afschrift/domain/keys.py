"""Identity keys of a person, and their normal forms: two spellings are one key where these are the same.

`key_form` is the definition, byte by byte. Each dialect writes the SQL that says the same.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Unique(StrEnum):
    """Whether a key value belongs to one person: always, at any given instant, or not at all."""

    YES = "yes"
    OVER_TIME = "over_time"
    NO = "no"


@dataclass(frozen=True, order=True)
class Key:
    """One identity key of a person, such as a customer number or a device.

    Attributes:
        name: name of the key in the inventory, for example `customer_id`.
        value: the value as text; personal data, so never in logs, XCom or errors.
        valid_from: RFC 3339 instant from which it was the person's, inclusive; None: always.
        valid_to: instant until which, exclusive; None: still.
    """

    name: str
    value: str
    valid_from: str | None = None
    valid_to: str | None = None

    def __repr__(self) -> str:
        """Hide the value: keys travel through code that logs."""
        return f"Key({self.name}=***)"

    def valid_at(self, instant: str) -> bool:
        """Whether the key was the person's at an instant (RFC 3339, UTC)."""
        return (self.valid_from is None or self.valid_from <= instant) and (
            self.valid_to is None or instant < self.valid_to
        )


PersonKeys = tuple[Sequence[Key], str]
"""The keys of one person, and the instant of their request (RFC 3339)."""


def keys_text(keys: Iterable[Key]) -> bytes:
    """Keys as bytes for a fingerprint, independent of their order."""
    return json.dumps(sorted([k.name, k.value, k.valid_from or "", k.valid_to or ""] for k in keys)).encode()


BLANKS = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
"""White space of Unicode, tab and no-break space among it."""
OF_SOFTWARE = "afschrift:"
"""Prefix of names in the key table that are no identity keys; their values are bound unchanged."""

_CAPITALS = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
_NO_DIGITS = re.compile(r"[^0-9]+")


class KeyMatch(StrEnum):
    """Which differences between two spellings of a key do not count.

    Attributes:
        EXACT: blanks at either end, and how Unicode composes a letter (NFC, NFD).
        CASEFOLD: capitals too, of every alphabet, letter by letter: `ß` is no `ss`, `İ` no `i`.
        EMAIL: of `EXACT`, and capitals of A to Z.
        DIGITS: all but the digits 0 to 9.
    """

    EXACT = "exact"
    CASEFOLD = "casefold"
    EMAIL = "email"
    DIGITS = "digits"


EXACT = KeyMatch.EXACT


_LOOSER = (KeyMatch.EXACT, KeyMatch.EMAIL, KeyMatch.CASEFOLD, KeyMatch.DIGITS)


def loosest(matches: Iterable[KeyMatch]) -> KeyMatch:
    """The match by which the most spellings are one key."""
    return max(matches, key=_LOOSER.index)


def key_form(value: str, match: str = KeyMatch.EXACT) -> str:
    """The normal form of a key's text."""
    if match == KeyMatch.DIGITS:
        return _NO_DIGITS.sub("", value)
    text = unicodedata.normalize("NFC", value.strip(BLANKS))
    if match == KeyMatch.EXACT:
        return text
    text = text.translate(_CAPITALS)
    if match == KeyMatch.EMAIL or text.isascii():
        return text
    return "".join(small if len(small := sign.lower()) == 1 else sign for sign in text)
