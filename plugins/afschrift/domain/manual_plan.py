"""Systems that people search, as a plan has them (R08)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Medium(StrEnum):
    """What kind of system it is."""

    MAILBOX = "mailbox"
    PAPER = "paper"
    PROCESSOR = "processor"
    SAAS = "saas"
    BACKUP = "backup"


class ManualStatus(StrEnum):
    """What became of it, as the coverage says."""

    GIVEN = "given"
    NONE_HELD = "none_held"
    NOT_SEARCHED = "not_searched"
    OUTSIDE = "outside"  # not asked: the request does not reach it


@dataclass(frozen=True)
class ManualPlan:
    """One such system in a plan.

    Attributes:
        reason: a code, where it was not searched or not asked.
        answer: digest of the answer with its files; empty where nobody was asked.
        answered_at: RFC 3339, UTC.
        files: ids of the documents in the case file.
    """

    source: str
    medium: Medium
    status: ManualStatus
    rules: tuple[str, ...]
    reason: str = ""
    answer: str = ""
    answered_at: str = ""
    files: tuple[str, ...] = ()
