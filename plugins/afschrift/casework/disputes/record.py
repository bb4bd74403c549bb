"""Recording disputes and reviews: the one way for the terminal and every other front, on closed requests too.

Roles and four eyes are held here, the law in `core`, and the register appends the facts with their events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from afschrift.casework.decision.restrictions import Restriction
from afschrift.casework.decision.restrictions import restriction as find
from afschrift.domain.errors import NotAllowedError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import new_id
from afschrift.law import dispute, restriction
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import Timeline
from afschrift.law.dispute import NewFacts
from afschrift.law.grounds.grounds import FourEyes, Grounds
from afschrift.law.roles import Act, Role, Roles
from afschrift.register.register import Register

Result = tuple[Timeline, ...]


@dataclass(frozen=True)
class CaseDesk:
    """Somebody at work on what follows an answer: holds, complaints, restrictions to look at again.

    An `owner` is a request, or a case: then all of its requests. Every method gives these with the new facts,
    and raises UnknownRequestError, NotAllowedError (the attempt is an event `answer_refused`), TooLateError
    and RefusedError (names the rule or the way out); the register is then unchanged.

    Attributes:
        register: of the installation.
        roles: who may do what.
        grounds: the table.
        now: the present moment, aware.
        by: account of the one at work, such as `cli:anna`.
    """

    register: Register
    roles: Roles
    grounds: Grounds
    now: datetime
    by: str

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
        self.officer(owner, "complaint")
        timelines = self.register.disputes.timelines(owner)
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
        self, owner: str, reference: str, outcome: str, day: date | None = None, text: str | None = None
    ) -> Result:
        """Enter what came of a complaint on a day; default: today. Its hold stays until it is released."""

        def make(timelines: Sequence[Timeline]) -> NewFacts:
            today = self._today(timelines)
            return dispute.end_complaint(timelines, today, reference, outcome, day or today)

        return self._officer(owner, "complaint", make, text)

    def review(
        self, request_id: str, restriction_id: str, outcome: str, text: str, next_: date | None = None
    ) -> tuple[Timeline, Restriction]:
        """Look at a restriction again: it stays until a next day, or is lifted; `text`: why, in words.

        Where the ground takes a second signer, it counts once one agreed.
        """
        of = find(self.register, request_id, restriction_id)

        def make(timelines: Sequence[Timeline]) -> NewFacts:
            [timeline] = timelines
            today, two = self._today(timelines), self._two(of)
            return {
                timeline.request: restriction.review(timeline, today, restriction_id, outcome, next_, two=two)
            }

        [after] = self._officer(request_id, "restriction_review", make, text)
        return after, find(self.register, request_id, restriction_id)

    def sign_review(
        self, request_id: str, restriction_id: str, *, agree: bool = True
    ) -> tuple[Timeline, Restriction]:
        """The second signer's word on a look: by another person than the one who looked."""
        find(self.register, request_id, restriction_id)

        def make(timelines: Sequence[Timeline]) -> NewFacts:
            [timeline] = timelines
            facts = restriction.sign(timeline, restriction_id, agree=agree)
            looked = restriction.waiting(timeline, restriction_id).fact.by
            self.roles.need_another(self.by, [looked])
            return {timeline.request: facts}

        role = Role.SECOND_SIGNER
        with self._refusals(request_id, "restriction_review", role):
            if not self.roles.holds(self.by, role):
                raise self.roles.refusal([role])
            [after] = self.register.disputes.record(request_id, make, self.by, held=self._held(role))
        return after, find(self.register, request_id, restriction_id)

    def _two(self, of: Restriction) -> bool:
        """Whether the ground takes a second signer; one that is in the table no more does."""
        ground = self.grounds.grounds.get(str(of.ruling.decision.detail.get("ground")))
        return ground is None or ground.four_eyes is not FourEyes.NEVER

    def _held(self, role: Role) -> dict[str, str]:
        return {"role": role.value, "source": self.roles.person(self.by).source}

    def _today(self, timelines: Sequence[Timeline]) -> date:
        zone = timelines[0].zone if timelines else "UTC"
        return local_date(self.now, zone)

    def officer(self, owner: str, kind: str) -> dict[str, str]:
        """The role in which an officer acts, and what says that they hold it.

        Raises:
            NotAllowedError: they are none; the attempt is an event.
        """
        with self._refusals(owner, kind, Role.OFFICER):
            return self._held(self.roles.require(self.by, Act.DECIDE))

    def _officer(
        self,
        owner: str,
        kind: str,
        make: Callable[[Sequence[Timeline]], NewFacts],
        text: str | None,
    ) -> Result:
        held = self.officer(owner, kind)
        return self.register.disputes.record(owner, make, self.by, held=held, text=text)

    @contextmanager
    def _refusals(self, owner: str, kind: str, role: Role) -> Iterator[None]:
        """An attempt without the role is told to the trail."""
        try:
            yield
        except NotAllowedError:
            told = NewEvent("answer_refused", self.by, {"kind": kind, "role": role.value, "owner": owner})
            self.register.trail.record(owner if owner.startswith("req-") else None, told)
            raise
