"""Recording disputes and reviews: the one way for the terminal and every other front, on closed requests too.

Roles and four eyes are held here, the law in `law`, and the register appends the facts with their events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from afschrift.casework.decision.require import open_decision
from afschrift.casework.decision.restrictions import Restriction
from afschrift.casework.decision.restrictions import restriction as find
from afschrift.casework.officer import Officer
from afschrift.domain.request import new_id
from afschrift.domain.state import State
from afschrift.law import dispute, restriction
from afschrift.law.clock.facts import Timeline
from afschrift.law.dispute import NewFacts
from afschrift.law.grounds import FourEyes

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

    def check_complaint(self, owner: str, sender: str, reference: str, received: date) -> None:
        """What `complain` would raise, before documents of it are kept."""
        self.deciding(owner, "complaint")
        timelines = self.officer.register.disputes.timelines(owner)
        dispute.complain(timelines, self._today(timelines), "", sender, reference, received)

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
            for one in before:
                register.identities.of(one.request)  # nothing can be given once the data key is destroyed

        def make(timelines: Sequence[Timeline]) -> NewFacts:
            today = self._today(timelines)
            return dispute.end_complaint(timelines, today, reference, outcome, day or today, reopen=reopen)

        after = self._officer(owner, "complaint", make, text)
        for one in before:
            if reopen and one.state is State.REFUSED:
                open_decision(self.officer.grounds, register, one.request)
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
    """The request whose trail tells of it; of a case that of no single one."""
    return owner if owner.startswith("req-") else None
