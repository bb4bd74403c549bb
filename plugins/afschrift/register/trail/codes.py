"""Codes by which the service recognises its own events, and the rows that each of them attests.

An attacker who can write the register's database, but has no key, can make rows and a chain that fits; he
cannot make these codes. They are made with the trail key, which is kept apart from the database: HMAC-SHA256
of events, keyed BLAKE2b (RFC 7693) of the many short fields. Their inputs are data: a change of any makes the
codes of every register invalid.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from afschrift.register.database.written import RowPlace

_FIELD_BYTES = 8
"""Length of the code of a field: 64 bits suffice, since they cannot be tried out without the key."""

_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Codes:
    """The codes that one trail key makes."""

    def __init__(self, key: bytes) -> None:
        self._fields = hashlib.blake2b(key=_subkey(key, "fields"), digest_size=_FIELD_BYTES)
        self._events, self._attestations, self._files = (
            HMAC(_subkey(key, use), SHA256()) for use in ("events", "told", "files")
        )

    def of_event(self, seq: int, owner: str, previous: int, header_digest: str, attestation_code: str) -> str:
        """Code of an event, hex.

        Args:
            seq: of the event.
            owner: the case that it belongs to; empty for an event of the system.
            previous: `seq` of the owner's previous event; 0 for the first.
            header_digest: digest of its header, which covers the payload and the event before.
            attestation_code: of the rows that it attests.
        """
        return _mac(self._events, f"{seq}|{owner}|{previous}|{header_digest}|{attestation_code}")

    def of_attestation(self, rows: str, salt: str) -> str:
        """Code of the rows that an event attests, hex; salted, so that it reveals nothing once erased."""
        return _mac(self._attestations, f"{salt}|{rows}")

    def of_file(self, digest: str) -> str:
        """Code of a file's digest, hex; by the plain digest, the source would show whose file it is."""
        return _mac(self._files, digest)

    def of_field(self, place: RowPlace, column: str, value: Any) -> str:
        """Code of one field of a row, bound to its place: 16 hex digits."""
        return self.of_row(place, {column: value})[column]

    def of_row(self, place: RowPlace, values: Mapping[str, Any]) -> dict[str, str]:
        """Codes of fields of a row, by column."""
        keyed, row, made = self._fields.copy, f"{place.table}|{place.row}|", {}
        for name, value in values.items():
            text = f"{row}{name}|text {value}" if type(value) is str else f"{row}{name}|{_text(value)}"
            mac = keyed()  # takes less than a new one
            mac.update(text.encode("utf-8", "surrogatepass"))
            made[name] = mac.hexdigest()
        return made


class JsonText(str):
    """JSON as a column holds it. Its code is that of its value."""


@lru_cache(maxsize=8)
def codes(key: bytes) -> Codes:
    """The codes of a key; cached, since deriving the subkeys takes longer than making a code."""
    return Codes(key)


def _subkey(key: bytes, use: str) -> bytes:
    return HKDF(SHA256(), 32, None, f"afschrift/trail/{use}".encode()).derive(key)


def _mac(keyed: HMAC, text: str) -> str:
    mac = keyed.copy()  # takes a third of the time of a new one
    mac.update(text.encode("utf-8", "surrogatepass"))
    return mac.finalize().hex()


def _text(value: Any) -> str:
    """A value of a row as text; the same before it is written and after it is read."""
    # A text needs no quoting: the prefix keeps it apart from JSON, which never begins with `text `.
    if isinstance(value, str):
        return _json_text(value) if isinstance(value, JsonText) else f"text {value}"
    if isinstance(value, (bytes, memoryview)):
        return hashlib.sha256(value).hexdigest()
    return "null" if value is None else _JSON.encode(value)


@lru_cache(maxsize=1_000)
def _json_text(text: str) -> str:
    """JSON in one form; cached, since most rows have one of a few details."""
    return _JSON.encode(json.loads(text))
