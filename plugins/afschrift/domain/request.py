"""A request as the register knows it. Ids are opaque; nothing here identifies the person."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from afschrift.domain.errors import RefusedError
from afschrift.domain.right import Right
from afschrift.domain.state import State

_ID = re.compile(r"[a-z]{1,4}-[0-9a-z]{12}")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no letter that reads as a digit

DEFAULT_FORMATS = ("csv", "json")
NOT_PORTABLE_FORMATS = {"pdf": "a page to look at", "docx": "a page to look at", "html": "a page to look at"}


def new_id(prefix: str) -> str:
    """A fresh opaque id, for example `req-7k3m9x2p4v0q`; also a valid part of an Airflow run id."""
    return f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(12))


def is_id(text: str) -> bool:
    """Whether a text has the shape of an id; anything else (a path, SQL) is turned down unread."""
    return bool(_ID.fullmatch(text))


@dataclass(frozen=True)
class Request:
    """One right exercised by one person.

    Attributes:
        received_at: RFC 3339 instant of first arrival at an official channel (R02), UTC; as corrected.
        entered_at: what was entered before a correction; empty without one.
        zone: IANA time zone of the establishment that must act.
        formats: names in the registry of formats.
        language: language of the person's bundle, `nl` or `en`.
        limits: the person's own limits (R24): `{"tables": [...]}`, empty where there are none.
        version: for compare-and-swap.
    """

    id: str
    case: str
    right: Right
    received_at: str
    zone: str
    state: State
    version: int
    language: str = "nl"
    formats: tuple[str, ...] = DEFAULT_FORMATS
    destination: str = "outbox"
    limits: dict[str, Any] = field(default_factory=dict)
    entered_at: str = ""


def check_formats(right: Right, formats: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Turn down formats that do not exist, do not qualify (R57) or stand there twice.

    Raises:
        RefusedError: names the format, the rule and what can be had.
    """
    if not formats:
        raise RefusedError("No format was chosen.", remedy=f"choose one or more of {', '.join(known)}.")
    if len(set(formats)) < len(formats):  # two files of a table cannot have one name
        raise RefusedError("A format was chosen twice.", remedy="name each format once.")
    for name in formats:
        if right.terms.machine_readable and name in NOT_PORTABLE_FORMATS:
            raise RefusedError(
                f"{name} does not qualify for a {right} request: Art. {right.article} asks for a structured, "
                "commonly used and machine-readable format, "
                f"and {name} is {NOT_PORTABLE_FORMATS[name]} (R57).",
                remedy=f"choose one or more of {', '.join(known)}.",
            )
        if name not in known:
            raise RefusedError("This format is not known.", remedy=f"choose among {', '.join(known)}.")
