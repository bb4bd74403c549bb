"""The plain form of a text, in which the search compares it: small letters, and signs as ASCII has them.

`plain` is the definition. Each dialect writes the SQL that says the same, as far as its functions reach.
"""

from __future__ import annotations

import unicodedata

SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2060\ufeff"
WIDE = "".join(map(chr, range(0xFF01, 0xFF5F)))
NARROW = "".join(map(chr, range(0x21, 0x7F)))
"""Signs of full width, and the same signs of ASCII."""

_SIGNS = str.maketrans(SPACES + DASHES, " " * len(SPACES) + "-" * len(DASHES), INVISIBLE)


def plain(text: str) -> str:
    """The plain form of a text."""
    return unicodedata.normalize("NFKC", text.translate(_SIGNS)).lower()
