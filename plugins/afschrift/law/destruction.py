"""Reasons to destroy something for good: a closed list, each with its article.

One person may order what follows from the end of a period that the software knows. Everything else takes a
second person, since it cannot be undone. Codes of reasons are data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from afschrift.domain.errors import RefusedError


class Destroying(StrEnum):
    """Acts that destroy something."""

    SHRED = "shred"  # the data key of a closed request
    SHRED_STRAYS = "shred_strays"  # data keys whose request is not in the register after a restoration
    RETIRE_KEYS = "retire_keys"  # older wrapping keys; what they wrapped is wrapped anew first
    FORGET_YEAR = "forget_year"  # the blind-index key of a year
    DROP_YEAR = "drop_year"  # the events of a year of the trail


@dataclass(frozen=True)
class DestructionReason:
    """A reason to destroy something.

    Attributes:
        article: of the GDPR that asks for it.
        title: in words, for the person who chooses.
        of: the acts that it allows.
    """

    code: str
    article: str
    title: str
    of: tuple[Destroying, ...]


_SHRED = (Destroying.SHRED,)
RETENTION = "retention_identity"
REASONS = {
    reason.code: reason
    for reason in (
        DestructionReason(RETENTION, "5(1)(e)", "the period of its records is over", _SHRED),
        DestructionReason(
            "persons_erasure", "17(1)", "the person's own request to erase was granted", _SHRED
        ),
        DestructionReason(
            "no_request",
            "5(1)(c)",
            "it was entered by mistake, and holds data of no person who asked",
            _SHRED,
        ),
        DestructionReason(
            "key_compromised", "32(1)", "others may know its key", (*_SHRED, Destroying.RETIRE_KEYS)
        ),
        DestructionReason("key_rotation", "32(1)", "the usual change of keys", (Destroying.RETIRE_KEYS,)),
        DestructionReason(
            "restoration",
            "32(1)",
            "a restoration brought it back, or nothing knows of it any more",
            (*_SHRED, Destroying.SHRED_STRAYS),
        ),
        DestructionReason(
            "retention_index", "5(1)(e)", "two years after its end are over", (Destroying.FORGET_YEAR,)
        ),
        DestructionReason(
            "retention_trail", "5(1)(e)", "the years of the trail are over", (Destroying.DROP_YEAR,)
        ),
    )
}
"""Code -> reason. The trail holds the code as the rule of what was destroyed."""


def reason_for(act: Destroying, code: str) -> DestructionReason:
    """The reason with this code.

    Raises:
        RefusedError: it is no reason for this act; lists those that are, and does not repeat the code.
    """
    found = REASONS.get(code)
    if found is None or act not in found.of:
        known = "; ".join(f"{reason.code} (Art. {reason.article}: {reason.title})" for reason in reasons(act))
        raise RefusedError(
            "This is no reason to destroy it: nothing is destroyed on a reason of one's own.",
            remedy=f"choose one: {known}. Nothing was changed.",
        )
    return found


def reasons(act: Destroying) -> tuple[DestructionReason, ...]:
    """The reasons that allow an act."""
    return tuple(reason for reason in REASONS.values() if act in reason.of)
