"""Identity keys of a person and how far each may be followed: a graph with conditions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Unique(StrEnum):
    """Whether a key value belongs to one person: always, at any one moment, or not at all."""

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
    """Keys as one text, whatever their order: what a fingerprint of them is taken of."""
    return json.dumps(sorted([k.name, k.value, k.valid_from or "", k.valid_to or ""] for k in keys)).encode()
