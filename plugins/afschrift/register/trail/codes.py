"""Codes by which the service knows its own events, and the rows that each of them tells of.

Whoever can write the register's database, and has no key, can make rows and a chain that fits; he cannot make
these codes. They are made with the trail key, which lies apart from the database: HMAC-SHA256 of events,
keyed BLAKE2b (RFC 7693) of the many short fields.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from afschrift.register.database.written import RowPlace

_FIELD_BYTES = 8
"""Of the code of one field: 64 bits, which nobody can try out without the key."""

_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Codes:
    """The codes that one trail key makes."""

    def __init__(self, key: bytes) -> None:
        self._events, self._told, self._fields = (_subkey(key, use) for use in ("events", "told", "fields"))
        self._files = _subkey(key, "files")

    def of_event(self, seq: int, owner: str, previous: int, header_digest: str, told_code: str) -> str:
        """Code of an event, hex.

        Args:
            seq: of the event.
            owner: the case that it belongs to; empty for an event of the system.
            previous: `seq` of the owner's event before; 0 for the first.
            header_digest: digest of its header, which holds the payload and the event before.
            told_code: of what it tells of rows.
        """
        return _mac(self._events, f"{seq}|{owner}|{previous}|{header_digest}|{told_code}")

    def of_told(self, told: str, salt: str) -> str:
        """Code of what an event tells of rows, hex; with its salt, so that nobody guesses it once erased."""
        return _mac(self._told, f"{salt}|{told}")

    def of_file(self, digest: str) -> str:
        """Code of what a plain digest of a person's files would tell to whoever has the source, hex."""
        return _mac(self._files, digest)

    def of_field(self, place: RowPlace, column: str, value: Any) -> str:
        """Code of one field of a row, bound to its place: 16 hex digits."""
        field = f"{place.table}|{place.row}|{column}|{_text(value)}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(field, key=self._fields, digest_size=_FIELD_BYTES).hexdigest()


@lru_cache(maxsize=8)
def codes(key: bytes) -> Codes:
    """The codes of a key."""
    return Codes(key)


def _subkey(key: bytes, use: str) -> bytes:
    return HKDF(SHA256(), 32, None, f"afschrift/trail/{use}".encode()).derive(key)


def _mac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def _text(value: Any) -> str:
    """A value of a row as one text, the same before it is written and after it was read."""
    if isinstance(value, (bytes, memoryview)):
        return hashlib.sha256(value).hexdigest()
    # A text needs no quoting here: its kind stands before it.
    return f"text {value}" if isinstance(value, str) else _JSON.encode(value)
