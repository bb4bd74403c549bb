"""Notation of languages, counts and key ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_UNITS = ("kB", "MB", "GB", "TB")

MODEL = "nl"
"""The language in which every text exists; it is used where a text lacks another language."""


def ordered(languages: Iterable[str]) -> tuple[str, ...]:
    """The model language, then the others sorted by code."""
    return tuple(sorted(set(languages), key=lambda language: (language != MODEL, language)))


def count(number: int, noun: str) -> str:
    """`1 row`, `2 rows`, `1,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size_in_words(size: int) -> str:
    """`1 byte`, `310 MB`."""
    if size < 1000:
        return count(size, "byte")
    power = next((p for p in range(1, len(_UNITS)) if size < 999.5 * 1000**p), len(_UNITS))
    return f"{size / 1000**power:.3g} {_UNITS[power - 1]}"


def key_id(public_key: bytes) -> str:
    """Id of a public key: the first 32 hex digits of the SHA-256 of its raw bytes.

    An id is derived from the key, so a bundle of another signer cannot claim a known id.
    """
    return hashlib.sha256(public_key).hexdigest()[:32]


def fingerprint(of: str) -> str:
    """A key's id in eight groups of four, to be compared by eye or on the telephone."""
    return " ".join(of[at : at + 4] for at in range(0, len(of), 4))
