"""Recording what moves a request's clock: the one way for the terminal and every other front.

Roles and four eyes are held here, the law in `core`, and the register appends the facts with their events.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime

from afschrift.domain.errors import NotAllowedError
from afschrift.domain.event import NewEvent
from afschrift.law.clock import alarm, overlap, receipt, sending
from afschrift.law.clock.clock import Clock, Place, clock
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.extension import extend
from afschrift.law.clock.facts import NewFact, Timeline, rows
from afschrift.law.clock.sending import Sending
from afschrift.law.clock.suspension import insufficient, resume, suspend
from afschrift.law.roles import Act, Role, Roles
from afschrift.register.register import Register

Result = tuple[Timeline, Clock]


@dataclass(frozen=True)
class Desk:
    """Somebody at work on the clocks of requests.

    Every method gives the request with the new facts and its clock after them, and raises
    UnknownRequestError, NotAllowedError (the attempt is an event `answer_refused`), TooLateError (closed, or
    done already) and RefusedError (names the rule and the way out); the register is then unchanged.

    Attributes:
        register: of the installation.
        roles: who may do what.
        place: where the controller must act.
        now: the present moment, aware.
        by: account of the one at work, such as `cli:anna`.
    """

    register: Register
    roles: Roles
    place: Place
    now: datetime
    by: str

    def look(self, timeline: Timeline) -> Clock:
        """The clock of a request today."""
        return clock(timeline, self.place, self.today(timeline))

    def today(self, timeline: Timeline) -> date:
        """The present date where the controller must act."""
        return local_date(self.now, timeline.zone)

    def suspend(
        self,
        request_id: str,
        ground: str,
        *,
        doubt: str | None = None,
        overview: bool = False,
        letter: str | None = None,
        sending: Sending | None = None,
    ) -> Result:
        """A question to the person was decided on, and perhaps sent (R42)."""
        return self._officer(
            request_id,
            "suspension",
            lambda t: suspend(
                t,
                self.place,
                self.today(t),
                ground,
                doubt=doubt,
                overview=overview,
                letter=letter,
                sending=sending,
            ),
        )

    def resume(self, request_id: str, day: date | None = None) -> Result:
        """Enough information came on a day; default: today (R43)."""
        return self._officer(
            request_id, "resumption", lambda t: resume(t, self.today(t), day or self.today(t))
        )

    def insufficient(
        self,
        request_id: str,
        day: date | None = None,
        *,
        letter: str | None = None,
        sending: Sending | None = None,
    ) -> Result:
        """A reply fell short, and a further question follows at once (R43)."""
        return self._officer(
            request_id,
            "reply_insufficient",
            lambda t: insufficient(t, self.today(t), day or self.today(t), letter=letter, sending=sending),
        )

    def extend(
        self,
        request_id: str,
        reasons: Sequence[str],
        *,
        letter: str | None = None,
        sending: Sending | None = None,
        text: str | None = None,
    ) -> Result:
        """An extension was decided on, and perhaps announced (R39-R41); `text`: its reasons in words."""
        return self._officer(
            request_id,
            "extension",
            lambda t: extend(t, self.place, self.today(t), reasons, letter=letter, sending=sending),
            text,
        )

    def sent(self, request_id: str, letter_sent: Sending, fact: str | None = None) -> Result:
        """A letter left, as a person says it with channel and proof."""
        return self._officer(
            request_id, "letter_sent", lambda t: sending.sent(t, self.today(t), fact, letter_sent)
        )

    def acknowledge(self, request_id: str, text: str) -> Result:
        """Why the request is late, in words and by name; until then `check_deadlines` fails (R37)."""
        return self._officer(request_id, "acknowledgement", lambda t: alarm.acknowledge(self.look(t)), text)

    def withdraw(self, request_id: str, channel: str, day: date | None = None) -> Result:
        """The person withdrew on a day; default: today."""
        return self._officer(
            request_id,
            "withdrawal",
            lambda t: overlap.withdraw(t, self.today(t), day or self.today(t), channel),
        )

    def correct(self, request_id: str, received_at: datetime, reason: str) -> Result:
        """Another moment of receipt; a later one waits for `sign` (R02)."""
        return self._officer(
            request_id, "receipt", lambda t: receipt.correct(t, self.now, received_at, reason)
        )

    def sign(self, request_id: str, *, agree: bool = True) -> Result:
        """The second signer's word on a later receipt: by another person than the one who proposed it."""

        def make(timeline: Timeline) -> Sequence[NewFact]:
            facts = receipt.sign(timeline) if agree else receipt.turn_down(timeline)
            proposed = timeline.proposed
            self.roles.need_another(self.by, [proposed.by] if proposed else [])
            return facts

        with self._refusals(request_id, "receipt", Role.SECOND_SIGNER):
            if not self.roles.holds(self.by, Role.SECOND_SIGNER):
                raise self.roles.refusal([Role.SECOND_SIGNER])
            return self._record(request_id, make, Role.SECOND_SIGNER, None)

    def merge(self, later_id: str, earlier_id: str, names: Collection[str]) -> Result:
        """An overlapping request goes on in the earlier one of the same person (R55).

        `names`: identity keys that belong to one person alone.
        """

        def make(
            later: Timeline, earlier: Timeline, same: bool, narrower: bool
        ) -> tuple[list[NewFact], list[NewFact]]:
            of_later, of_earlier = overlap.merge(later, earlier, same=same, narrower=narrower)
            return [of_later], self.told(earlier, [of_earlier])

        with self._refusals(later_id, "merge", Role.OFFICER):
            role = self.roles.require(self.by, Act.DECIDE)
            held = self._held(role)
            after = self.register.facts.record_pair(
                later_id, earlier_id, make, self.by, names=names, held=held
            )
        return after, self.look(after)

    def link(self, later_id: str, earlier_id: str, kind: str, names: Collection[str]) -> Result:
        """A request comes after an earlier one: a `repeat` (R26) or a `reminder` (R54); `names` as above."""

        def make(
            later: Timeline, earlier: Timeline, same: bool, _narrower: bool
        ) -> tuple[list[NewFact], list[NewFact]]:
            return overlap.link(later, earlier, kind, same=same), []

        with self._refusals(later_id, "link", Role.OFFICER):
            held = self._held(self.roles.require(self.by, Act.DECIDE))
            after = self.register.facts.record_pair(
                later_id, earlier_id, make, self.by, names=names, held=held
            )
        return after, self.look(after)

    def _officer(
        self,
        request_id: str,
        kind: str,
        make: Callable[[Timeline], Sequence[NewFact]],
        text: str | None = None,
    ) -> Result:
        with self._refusals(request_id, kind, Role.OFFICER):
            role = self.roles.require(self.by, Act.DECIDE)
        return self._record(request_id, make, role, text)

    def _record(
        self,
        request_id: str,
        make: Callable[[Timeline], Sequence[NewFact]],
        role: Role,
        text: str | None,
    ) -> Result:
        after = self.register.facts.record(
            request_id, lambda t: self.told(t, make(t)), self.by, held=self._held(role), text=text
        )
        return after, self.look(after)

    def told(self, timeline: Timeline, new: Sequence[NewFact]) -> list[NewFact]:
        """The same facts; the first one tells the due date after all of them, and how it was computed."""
        ids = [f"new-{number}" for number in range(len(new))]
        after = timeline.with_(*rows(timeline, new, self.now.isoformat(), self.by, ids))
        first, *rest = new
        return [replace(first, detail={**first.detail, "clock": self.look(after).evidence}), *rest]

    def _held(self, role: Role) -> dict[str, str]:
        return {"role": role.value, "source": self.roles.person(self.by).source}

    @contextmanager
    def _refusals(self, request_id: str, kind: str, role: Role) -> Iterator[None]:
        """An attempt without the role is told to the trail."""
        try:
            yield
        except NotAllowedError:
            told = NewEvent("answer_refused", self.by, {"kind": kind, "role": role.value})
            self.register.trail.record(request_id, told)
            raise
