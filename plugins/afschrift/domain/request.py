"""A request, its runs and its status as the register returns them, and ids. Nothing identifies a person."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import date
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
    """Whether a text has the form of an id; anything else (a path, SQL) never reaches a query."""
    return bool(_ID.fullmatch(text))


@dataclass(frozen=True)
class Request:
    """A right exercised by a person.

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
    """Refuse formats that do not exist, do not qualify (R57) or are named twice.

    Raises:
        RefusedError: names the format, the rule and the formats that can be chosen.
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


_TIME = r"manual__\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
_OURS = re.compile(rf"req-[0-9a-z]{{12}}\.\d{{1,6}}|{_TIME}", re.ASCII)
_WITH_TAIL = re.compile(rf"({_TIME})_(.+)", re.ASCII)

LOST, PARTLY, BATCHED = "lost", "partly_delivered", "batched"
"""Outcomes of runs: no sign of life; a part was delivered (R44); read in a batch, and not yet answered."""
BATCH_LIMIT = 1_000
"""Most requests in a batch, which holds some data of each in memory; the others wait for the next sweep."""


@dataclass(frozen=True)
class Run:
    """A run as the register holds it.

    Attributes:
        id: its name, see `run_name`.
        seen_at: when one of its steps last began or gave a sign of life.
        ended_at: None: it has not ended.
        outcome: state of the request at its end, or `lost`.
    """

    request: str
    id: str
    started_at: str
    seen_at: str
    ended_at: str | None
    outcome: str | None


def run_name(run_id: str) -> str:
    """The name of an Airflow run in the register, without personal data.

    `<request>.<attempt>` and `manual__<time>` stay unchanged. Airflow's form lets users type an id, so
    anything else, and what follows the time, is replaced by the beginning of its SHA-256.
    """
    if _OURS.fullmatch(run_id):
        return run_id
    if found := _WITH_TAIL.fullmatch(run_id):
        return f"{found[1]}_{_digest(found[2])[:12]}"
    return f"sha256:{_digest(run_id)[:32]}"


def airflow_id(name: str) -> str | None:
    """Airflow's id of a run by its name in the register; None: the name holds a digest of it."""
    return name if _OURS.fullmatch(name) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Hold:
    """A hold that is in force.

    Attributes:
        id: the same at every request of its case.
        fact: id of the fact that records it, at this request.
        since: instant of its recording; RFC 3339, UTC.
        review_on: the day to look again, if one was set.
    """

    id: str
    request: str
    fact: str
    ground: str
    since: str
    by: str
    review_on: date | None = None

    @property
    def words(self) -> str:
        """For a message."""
        return f"{self.id} ({self.ground}, since {self.since[:10]}, by {self.by})"


@dataclass(frozen=True)
class RequestStatus:
    """A request with its latest activity. Instants are RFC 3339 in UTC.

    Attributes:
        state: None: there is no such request.
        readable: its data key exists; False after crypto-shredding.
        active_at: its last activity: opened, moved, a run seen or ended, a step finished, a question asked or
            answered. Empty: there is no such request.
        runs: oldest first.
        step: the step that finished last, for example `extract shop`.
        open_questions: how many wait for a person.
        answered_at: when a person last answered a question of its.
        holds: in force; while there is one, nothing of the request is destroyed.
        zone: in which its days are counted.
    """

    request: str
    state: State | None
    readable: bool = False
    created_at: str = ""
    active_at: str = ""
    runs: tuple[Run, ...] = ()
    step: str | None = None
    open_questions: int = 0
    answered_at: str | None = None
    holds: tuple[Hold, ...] = ()
    zone: str = "UTC"

    @property
    def going(self) -> Run | None:
        """The run that has not ended."""
        return next((run for run in self.runs if run.ended_at is None), None)
