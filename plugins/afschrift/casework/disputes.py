"""Holds, complaints and reviews of restrictions, on open and closed requests; and what follows them.

Roles and four eyes are checked here, the law in `law`, and the register appends the facts with their events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from afschrift.casework.decision.in_force import Restriction
from afschrift.casework.decision.in_force import restriction as find
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError
from afschrift.domain.instants import rfc3339
from afschrift.domain.request import new_id
from afschrift.domain.state import State
from afschrift.inventory.model import casefold_keys
from afschrift.law import dispute, restriction
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.law.clock.overlap import link
from afschrift.law.dispute import NewFacts
from afschrift.law.grounds import FourEyes
from afschrift.law.restriction import reviews
from afschrift.register.register import Register

Result = tuple[Timeline, ...]


@dataclass(frozen=True)
class DisputeService:
    """What follows an answer: holds, complaints, restrictions to look at again.

    An `owner` is a request, or a case: then all of its requests. Every method gives these with the new facts,
    and raises UnknownRequestError, NotAllowedError (the attempt is an event `answer_refused`), TooLateError
    and RefusedError (names the rule or the remedy); the register is then unchanged.

    Attributes:
        officer: the officer at work.
    """

    officer: Officer

    def hold(self, owner: str, ground: str, text: str, review_on: date | None = None) -> Result:
        """Stop all that destroys; `text`: why, in words."""
        made = new_id("hold")
        return self._officer(
            owner, "hold", lambda t: dispute.hold(t, self._today(t), made, ground, review_on), text
        )

    def release(self, owner: str, text: str, hold: str | None = None) -> Result:
        """End a hold; `text`: why, in words. `hold`: which, where there are several."""
        return self._officer(owner, "release", lambda t: dispute.release(t, hold), text)

    def complain(
        self,
        owner: str,
        sender: str,
        reference: str,
        received: date,
        text: str | None = None,
        documents: Sequence[str] = (),
    ) -> Result:
        """Enter a complaint or petition, which puts a hold; `documents`: ids in the case file."""
        if missing := self.officer.register.documents.missing(owner, documents):
            raise RefusedError(
                f"The case file has no document {', '.join(missing)}.",
                remedy="add it first: `afschrift case add --kind document`, which prints its id.",
            )
        made = new_id("hold")
        return self._officer(
            owner,
            "complaint",
            lambda t: dispute.complain(t, self._today(t), made, sender, reference, received, documents),
            text,
        )

    def end_complaint(
        self,
        owner: str,
        reference: str,
        outcome: str,
        day: date | None = None,
        text: str | None = None,
        *,
        reopen: bool = False,
    ) -> Result:
        """Enter what came of a complaint on a day; default: today. Its hold stays until it is released.

        `reopen`: its requests ended wrongly and are open again; of a refused one the decision is asked anew.
        """
        register, before = self.officer.register, self.officer.register.disputes.timelines(owner)
        if reopen:
            for timeline in before:
                register.identities.of(
                    timeline.request
                )  # nothing can be given once the data key is destroyed

        def make(timelines: Sequence[Timeline]) -> NewFacts:
            today = self._today(timelines)
            return dispute.end_complaint(timelines, today, reference, outcome, day or today, reopen=reopen)

        after = self._officer(owner, "complaint", make, text)
        for timeline in before:
            if reopen and timeline.state is State.REFUSED:
                open_decision(self.officer.grounds, register, timeline.request)
        return register.disputes.timelines(owner) if reopen else after

    def review(
        self, request_id: str, restriction_id: str, outcome: str, text: str, next_: date | None = None
    ) -> tuple[Timeline, Restriction]:
        """Look at a restriction again: it stays until a next day, or is lifted; `text`: why, in words.

        Where the ground takes a second signer, it counts once one agreed.
        """
        of = find(self.officer.register, request_id, restriction_id)

        def make(timelines: Sequence[Timeline]) -> NewFacts:
            [timeline] = timelines
            today, two = self._today(timelines), self._two(of)
            return {
                timeline.request: restriction.review(timeline, today, restriction_id, outcome, next_, two=two)
            }

        [after] = self._officer(request_id, "restriction_review", make, text)
        return after, find(self.officer.register, request_id, restriction_id)

    def sign_review(
        self, request_id: str, restriction_id: str, *, agree: bool = True
    ) -> tuple[Timeline, Restriction]:
        """The second signer's word on a look: by another person than the one who looked."""
        find(self.officer.register, request_id, restriction_id)

        def make(timelines: Sequence[Timeline]) -> NewFacts:
            [timeline] = timelines
            facts = restriction.sign(timeline, restriction_id, agree=agree)
            reviewer = restriction.review_to_sign(timeline, restriction_id).fact.by
            self.officer.roles.need_another(self.officer.by, [reviewer])
            return {timeline.request: facts}

        with self.officer.signing(_of_trail(request_id), "restriction_review", owner=request_id) as authority:
            [after] = self.officer.register.disputes.record(
                request_id, make, self.officer.by, authority=authority
            )
        return after, find(self.officer.register, request_id, restriction_id)

    def _two(self, of: Restriction) -> bool:
        """Whether the ground takes a second signer; one that is in the table no more does."""
        ground = self.officer.grounds.grounds.get(str(of.decision.decision.detail.get("ground")))
        return ground is None or ground.four_eyes is not FourEyes.NEVER

    def _today(self, timelines: Sequence[Timeline]) -> date:
        return self.officer.today(timelines[0].zone if timelines else "UTC")

    def deciding(self, owner: str, kind: str) -> dict[str, str]:
        """The role in which they decide on a case or request, as `Officer.deciding`.

        Raises:
            NotAllowedError: they hold none; the attempt is an event.
        """
        return self.officer.deciding(_of_trail(owner), kind, owner=owner)

    def _officer(
        self,
        owner: str,
        kind: str,
        make: Callable[[Sequence[Timeline]], NewFacts],
        text: str | None,
    ) -> Result:
        authority = self.deciding(owner, kind)
        return self.officer.register.disputes.record(
            owner, make, self.officer.by, authority=authority, text=text
        )


def _of_trail(owner: str) -> str | None:
    """The request whose trail records it; None for a case, which has several."""
    return owner if owner.startswith("req-") else None


def review_lines(timeline: Timeline, found: Restriction) -> Iterator[str]:
    """What a review came to, and what is left to do."""
    reviewed = reviews(timeline, found.id)
    last = reviewed[-1] if reviewed else None
    if last is not None and last.waits:
        yield (
            f"{found.request}  restriction {found.id}: {last.outcome}, once another person signs: "
            f"`afschrift request sign-restriction-review {found.request} --restriction {found.id} --agree`."
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
            f"`afschrift request follow-up {found.request} --restriction {found.id}` opens a "
            "request for it, linked to this one (R54)."
        )


def follow_up(disputes: DisputeService, request_id: str, restriction_id: str) -> str:
    """Open a request of the same case that gives what a lifted restriction had kept back; its id.

    It is answered in full (R26) within a period of its own, which starts now.

    Raises:
        NotAllowedError: they may not decide.
        RefusedError: it is not lifted, the request is still open, a follow-up is there already, or the data
            key was destroyed, so that it is not known for whom.
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
    """The request that was linked to this one as a later one."""
    case = register.requests.get(request_id).case
    for later in register.requests.all(case=case):
        if any(f.other == request_id for f in register.facts.timeline(later.id).of(FactKind.LINKED)):
            return later.id
    return None
