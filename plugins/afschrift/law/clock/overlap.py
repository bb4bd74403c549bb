"""Ends of a request without an answer of its own, and links between a person's requests (R26, R54, R55)."""

from __future__ import annotations

from datetime import date

from afschrift.domain.errors import RefusedError
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.clock.sending import code, must_be_open, must_lie_within


def withdraw(timeline: Timeline, today: date, day: date, channel: str) -> list[NewFact]:
    """Facts of a withdrawal by the person. A controller cannot withdraw: it refuses, with reasons (R45).

    Raises:
        TooLateError: the request is closed.
        RefusedError: the day cannot be.
    """
    must_be_open(timeline)
    must_lie_within(day, timeline, today, "A withdrawal")
    code(channel, "The channel")
    return [NewFact(FactKind.WITHDRAWN, day, channel=channel, to=State.WITHDRAWN)]


def merge(later: Timeline, earlier: Timeline, *, same: bool, narrower: bool) -> tuple[NewFact, NewFact]:
    """Facts of merging a request into an overlapping earlier one, whose receipt counts (R55).

    Args:
        later: the request that ends.
        earlier: the request that continues.
        same: both are of the same person, by their keys.
        narrower: the later request asks for nothing beyond the earlier one.

    Returns:
        The facts of the later and of the earlier request.

    Raises:
        TooLateError: one of them is closed.
        RefusedError: they are not of one person, right and scope; or not in this order.
    """
    must_be_open(later)
    must_be_open(earlier)
    _pair(later, earlier, same, "R55")
    if None in (later.identified_at, earlier.identified_at):
        raise RefusedError(
            "Requests are of the same person only where both identities are confirmed, and one is not (R55).",
            remedy="`afschrift request confirm-identity` for both, then merge.",
        )
    if later.right is not earlier.right:
        raise RefusedError(
            f"One request is for {earlier.right} and the other for {later.right}: they do not overlap (R55).",
            remedy="answer both.",
        )
    if not narrower:
        raise RefusedError(
            "The later request asks for more than the earlier one, which the person limited (R24, R55).",
            remedy="answer both, each within its own time.",
        )
    return (
        NewFact(FactKind.MERGED, other=earlier.request, to=State.MERGED),
        NewFact(FactKind.ABSORBED, other=later.request),
    )


LINKS = ("repeat", "reminder")
"""How a request follows an earlier one."""


def link(later: Timeline, earlier: Timeline, kind: str, *, same: bool) -> list[NewFact]:
    """Facts that a request follows an earlier one: as a `repeat` (R26), or as a `reminder` of it (R54).

    Raises:
        RefusedError: they are not of one person, not in this order, or the earlier one is still open.
    """
    _pair(later, earlier, same, "R26, R54")
    if kind not in LINKS:
        raise RefusedError("A link is a repeat (R26) or a reminder (R54).", remedy="choose one of them.")
    if earlier.state.open:
        raise RefusedError(
            "The earlier request is still open, so the later one overlaps it (R55).",
            remedy="`afschrift request merge`, or answer both.",
        )
    if any(fact.other == earlier.request for fact in later.of(FactKind.LINKED)):
        raise RefusedError("These requests are linked already.", remedy="see `afschrift request show`.")
    return [NewFact(FactKind.LINKED, other=earlier.request, detail={"as": kind})]


def _pair(later: Timeline, earlier: Timeline, same: bool, rules: str) -> None:
    if later.request == earlier.request:
        raise RefusedError("A request is not earlier than itself.", remedy="name two requests.")
    if not same:
        raise RefusedError(
            f"No identity key says that both requests are of the same person ({rules}).",
            remedy="answer both on their own.",
        )
    if later.received_at < earlier.received_at:
        raise RefusedError(
            f"The request named as the earlier one was received later, on {earlier.received} ({rules}).",
            remedy="name them the other way round: the earlier receipt is kept.",
        )
