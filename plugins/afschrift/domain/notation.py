"""How languages, numbers and signing keys are named, the same everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

MODEL = "nl"
"""Every other language has the texts that this one has; it stands in where a text has no other."""


def ordered(languages: Iterable[str]) -> tuple[str, ...]:
    """The model, then the others by their codes."""
    return tuple(sorted(set(languages), key=lambda language: (language != MODEL, language)))


def count(number: int, noun: str) -> str:
    """`1 row`, `2 rows`, `1,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def key_id(public_key: bytes) -> str:
    """Id of a public key: the first 32 hex digits of the SHA-256 of its raw bytes.

    An id cannot be claimed for another key, so a stranger's bundle cannot bear a known name.
    """
    return hashlib.sha256(public_key).hexdigest()[:32]


def fingerprint(of: str) -> str:
    """A key's id as it is published: eight groups of four, to be compared by eye or on the telephone."""
    return " ".join(of[at : at + 4] for at in range(0, len(of), 4))
