"""Corrections of the receipt: both instants are kept, and a later one takes a second signer (R02, R03)."""

from __future__ import annotations

from datetime import datetime

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.instants import rfc3339
from afschrift.law.clock.facts import WITH_LETTER, FactKind, FactRow, NewFact, Timeline

WHY = ("typing_error", "wrong_zone", "other_channel", "not_official_channel")
"""Why a receipt was entered wrong. `other_channel`: it reached another official channel before (R02)."""


def correct(timeline: Timeline, now: datetime, received_at: datetime, reason: str) -> list[NewFact]:
    """Facts of a corrected receipt. An earlier one counts at once; a later one waits for a second signer.

    Args:
        timeline: of the request.
        now: aware.
        received_at: aware.
        reason: one of `WHY`.

    Raises:
        RefusedError: in the future, no reason, the same moment, or after a letter about it was sent.
        TooLateError: a correction waits for its signer already.
    """
    if reason not in WHY:
        raise RefusedError("A correction needs its reason.", remedy=f"choose one of {', '.join(WHY)}.")
    if received_at > now:
        raise RefusedError(
            "The receipt lies in the future (R02).",
            remedy="give the instant of first arrival with its offset: 2026-11-20T09:30:00+01:00.",
        )
    instant = rfc3339(received_at)
    if instant == timeline.received_at:
        raise RefusedError("That is the receipt which is recorded already.", remedy="nothing is to be done.")
    if timeline.proposed is not None:
        raise TooLateError(
            "A correction of this request waits for its second signer.",
            remedy="`afschrift request sign-correction`, by another person than the one who proposed it.",
        )
    _must_precede_letters(timeline, instant, "see which of both days is wrong: `afschrift request show`.")
    later = instant > timeline.received_at
    kind = FactKind.RECEIPT_PROPOSED if later else FactKind.RECEIPT_CORRECTED
    return [NewFact(kind, instant=instant, detail={"reason": reason, "from": timeline.received_at})]


def sign(timeline: Timeline) -> list[NewFact]:
    """Facts that the proposed later receipt counts from now on.

    Raises:
        RefusedError: none was proposed, or a letter about the request was sent before it meanwhile.
    """
    proposed = _proposed(timeline)
    _must_precede_letters(
        timeline,
        proposed.instant or timeline.received_at,
        "turn the later receipt down: `afschrift request sign-correction --disagree`.",
    )
    detail = {"reason": proposed.detail.get("reason"), "decided_by": proposed.by}
    return [
        NewFact(
            FactKind.RECEIPT_CORRECTED,
            instant=proposed.instant,
            about=proposed.id,
            detail={**detail, "from": timeline.received_at},
        )
    ]


def turn_down(timeline: Timeline) -> list[NewFact]:
    """Facts that the proposed later receipt is rejected; the recorded one stays.

    Raises:
        RefusedError: none was proposed.
    """
    return [NewFact(FactKind.RECEIPT_REJECTED, about=_proposed(timeline).id)]


def _must_precede_letters(timeline: Timeline, instant: str, remedy: str) -> None:
    day = timeline.local(instant)
    for fact in timeline.of(*WITH_LETTER):
        if fact.sent_on is not None and fact.sent_on < day:
            raise RefusedError(
                f"A letter about this request was sent on {fact.sent_on}, before that receipt (R02).",
                remedy=remedy,
            )


def _proposed(timeline: Timeline) -> FactRow:
    if timeline.proposed is None:
        raise RefusedError(
            "No correction of this request waits for a second signer.",
            remedy="propose one: `afschrift request correct --received-at`.",
        )
    return timeline.proposed
