"""Events of the audit trail, and the hash chain that makes tampering visible.

The chain covers headers only. A payload is a separate row, salted, and can be erased: its digest stays in the
header, so the chain still verifies. Fields of `Header` and canonical JSON are data: a change breaks the
chain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec
import rfc8785

GENESIS = "0" * 64
_json = msgspec.json.Encoder().encode
_Sorted = msgspec.defstruct("_Sorted", ["actor", "at", "payload_sha256", "prev", "request", "seq", "type"])


@dataclass(frozen=True)
class NewEvent:
    """An event to be recorded. The payload holds codes, counts and digests, never values."""

    type: str
    actor: str = "system"
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Header:
    """One link of the chain.

    Attributes:
        seq: 1, 2, 3, ... without a gap.
        at: RFC 3339 instant in UTC with microseconds.
        request: request id, or None for an event of the system.
        type: what happened, for example `plan_frozen`.
        actor: `system` or the name under which a person is known to Airflow.
        payload_sha256: digest of the salted payload, hex.
        prev: digest of the header before, hex; 64 zeros for the first.
    """

    seq: int
    at: str
    request: str | None
    type: str
    actor: str
    payload_sha256: str
    prev: str

    def digest(self) -> str:
        """SHA-256 of the header in canonical JSON (RFC 8785), hex."""
        return header_digest(tuple(vars(self).values()))


def header_digest(header: tuple[Any, ...]) -> str:
    """Digest of the fields of a header in its order; for texts and integers, sorted JSON is canonical."""
    seq, at, of, kind, actor, payload, prev = header
    return hashlib.sha256(_json(_Sorted(actor, at, payload, prev, of, seq, kind))).hexdigest()


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of a value of plain types."""
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def payload_digest(payload: dict[str, Any], salt: str) -> str:
    """Digest of a payload with its salt, hex, as a header holds it."""
    return digest({"payload": payload, "salt": salt})


def check_chain(headers: list[Header], *, prev: str = GENESIS, first_seq: int = 1) -> str | None:
    """The first break of the chain in words; None: the chain is whole."""
    for expected, header in enumerate(headers, start=first_seq):
        if header.seq != expected:
            return f"event {expected} is missing: the trail goes on with event {header.seq}"
        if header.prev != prev:
            return f"event {header.seq} does not follow the event before it"
        prev = header.digest()
    return None
