"""The normal forms of identity keys: two spellings are one key where these are the same, byte by byte.

What is written here is the definition. Each dialect writes the SQL that says the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

BLANKS = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
"""White space of Unicode, tab and no-break space among it."""
OF_SOFTWARE = "afschrift:"
"""Begins the names of what else the key table holds: no identity key's, and bound as it is."""

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


_LOOSER = (KeyMatch.EXACT, KeyMatch.EMAIL, KeyMatch.CASEFOLD, KeyMatch.DIGITS)


def loosest(matches: Iterable[KeyMatch]) -> KeyMatch:
    """The one of some by which the most spellings are one key."""
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
