"""Marks of Unicode, which belong to the sign before them; Python's own patterns count none to a word."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import chain

_POINTS = (range(0x20000), range(0xE0100, 0xE01F0))  # beyond them Unicode has no marks


@cache
def marks() -> str:
    """All of them, to stand between the brackets of a pattern."""
    return "".join(c for c in map(chr, chain(*_POINTS)) if unicodedata.category(c)[0] == "M")
