"""What follows an answer, in an installation: what a review says, what is given after it."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.casework.decision.restrictions import Restriction
from afschrift.casework.decision.restrictions import restriction as find
from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.disputes.record import DisputeService
from afschrift.domain.errors import RefusedError
from afschrift.domain.instants import rfc3339
from afschrift.inventory.model import casefold_keys
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.law.clock.overlap import link
from afschrift.law.restriction import reviews
from afschrift.register.register import Register


def review_lines(timeline: Timeline, found: Restriction) -> Iterator[str]:
    """What a review came to, and what is left to do."""
    reviewed = reviews(timeline, found.id)
    last = reviewed[-1] if reviewed else None
    if last is not None and last.waits:
        yield (
            f"{found.request}  restriction {found.id}: {last.outcome}, once another person signs: "
            f"`afschrift case reviewed {found.request} --restriction {found.id} --sign`."
        )
    elif last is not None and not last.in_force:
        yield f"{found.request}  restriction {found.id}: the review was turned down; it is due again."
    elif not found.lifted:
        yield f"{found.request}  restriction {found.id}: stays; to be looked at again on {found.review_on}."
    elif timeline.state.open:
        yield (
            f"{found.request}  restriction {found.id}: lifted. The next plan holds what it kept back; a plan "
            "that was frozen before is refused as drift. Start a run of `fulfil_request`."
        )
    else:
        yield (
            f"{found.request}  restriction {found.id}: lifted. The request is closed ({timeline.state}); "
            "what was kept back can now be given to the person, without delay. "
            f"`afschrift case reviewed {found.request} --restriction {found.id} --open-request` opens a "
            "request for it, linked to this one (R54)."
        )


def follow_up(disputes: DisputeService, request_id: str, restriction_id: str) -> str:
    """Open a request of the same case that gives what a lifted restriction had kept back; its id.

    It is answered in full (R26) within a period of its own, which starts now.

    Raises:
        NotAllowedError: they may not decide.
        RefusedError: it is not lifted, the request is still open, a follow-up is there already, or the data
            key was destroyed, so that nobody knows for whom.
    """
    officer, register = disputes.officer, disputes.officer.register
    authority = disputes.deciding(request_id, "follow_up")
    found, timeline = find(register, request_id, restriction_id), register.facts.timeline(request_id)
    if not found.lifted:
        raise RefusedError(
            f"Restriction {restriction_id} is in force.", remedy="look at it again first: --outcome lifted."
        )
    if timeline.state.open:
        raise RefusedError(
            f"Request {request_id} is open: its own next plan gives what was kept back.",
            remedy=f"`afschrift run {request_id}`.",
        )
    if there := _there(register, request_id):
        raise RefusedError(f"Request {there} was opened for it already.", remedy="answer that one.")
    inventory, old = officer.inventory, register.requests.get(request_id)
    opened = register.requests.open(
        old.case,
        old.right,
        rfc3339(officer.now),
        old.zone,
        old.language,
        old.formats,
        old.destination,
        register.identities.of(request_id),
        casefold_keys(inventory),
        old.limits,
        by=officer.by,
    )
    register.facts.record_pair(
        opened.id,
        request_id,
        lambda later, earlier, same, _: (link(later, earlier, "reminder", same=same), []),
        officer.by,
        names=own_keys(inventory),
        authority=authority,
    )
    return opened.id


def _there(register: Register, request_id: str) -> str | None:
    """A request that comes after this one."""
    case = register.requests.get(request_id).case
    for one in register.requests.all(case=case):
        if any(f.other == request_id for f in register.facts.timeline(one.id).of(FactKind.LINKED)):
            return one.id
    return None
