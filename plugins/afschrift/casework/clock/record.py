"""Recording what moves a request's clock: the one way for the terminal and every other front.

Roles and four eyes are held here, the law in `law`, and the register appends the facts with their events.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from afschrift.casework.officer import Officer
from afschrift.law.clock import alarm, overlap, receipt, sending
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.facts import NewFact, Timeline, rows
from afschrift.law.clock.sending import Sending
from afschrift.law.clock.suspension import extend, insufficient, resume, suspend
from afschrift.register.timelines import Pair

Result = tuple[Timeline, Clock]


@dataclass(frozen=True)
class ClockService:
    """What is recorded on the clocks of requests.

    Every method gives the request with the new facts and its clock after them, and raises
    UnknownRequestError, NotAllowedError (the attempt is an event `answer_refused`), TooLateError (closed, or
    done already) and RefusedError (names the rule and the remedy); the register is then unchanged.

    Attributes:
        officer: the officer at work.
        jurisdiction: where the controller must act.
    """

    officer: Officer
    jurisdiction: Jurisdiction

    def clock(self, timeline: Timeline) -> Clock:
        """The clock of a request today."""
        return clock(timeline, self.jurisdiction, self.today(timeline))

    def today(self, timeline: Timeline) -> date:
        """The present date where the controller must act."""
        return self.officer.today(timeline.zone)

    def suspend(
        self,
        request_id: str,
        ground: str,
        *,
        doubt: str | None = None,
        overview: bool = False,
        term: date | None = None,
        letter: str | None = None,
        sending: Sending | None = None,
    ) -> Result:
        """A question to the person was decided on, and perhaps sent; `term`: last day for the reply (R42)."""
        return self._officer(
            request_id,
            "suspension",
            lambda t: suspend(
                t,
                self.jurisdiction,
                self.today(t),
                ground,
                doubt=doubt,
                overview=overview,
                term=term,
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
            lambda t: extend(t, self.jurisdiction, self.today(t), reasons, letter=letter, sending=sending),
            text,
        )

    def sent(self, request_id: str, letter_sent: Sending, fact: str | None = None) -> Result:
        """A letter left, as a person says it with channel and proof."""
        return self._officer(
            request_id, "letter_sent", lambda t: sending.sent(t, self.today(t), fact, letter_sent)
        )

    def told(self, request_id: str, how: Sending) -> Result:
        """The person was told of the answer that is ready, or got it handed over."""
        return self._officer(request_id, "told", lambda t: sending.told(t, self.today(t), how))

    def acknowledge(self, request_id: str, text: str) -> Result:
        """Why the request is late, in words and by name; until then `check_deadlines` fails (R37)."""
        return self._officer(request_id, "acknowledgement", lambda t: alarm.acknowledge(self.clock(t)), text)

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
            request_id, "receipt", lambda t: receipt.correct(t, self.officer.now, received_at, reason)
        )

    def sign(self, request_id: str, *, agree: bool = True) -> Result:
        """The second signer's word on a later receipt: by another person than the one who proposed it."""

        def make(timeline: Timeline) -> Sequence[NewFact]:
            facts = receipt.sign(timeline) if agree else receipt.turn_down(timeline)
            proposed = timeline.proposed
            self.officer.roles.need_another(self.officer.by, [proposed.by] if proposed else [])
            return facts

        with self.officer.signing(request_id, "receipt") as authority:
            return self._record(request_id, make, authority, None)

    def merge(self, later_id: str, earlier_id: str, names: Collection[str]) -> Result:
        """An overlapping request goes on in the earlier one of the same person (R55).

        `names`: identity keys that belong to one person alone.
        """

        def make(
            later: Timeline, earlier: Timeline, same: bool, narrower: bool
        ) -> tuple[list[NewFact], list[NewFact]]:
            of_later, of_earlier = overlap.merge(later, earlier, same=same, narrower=narrower)
            return [of_later], self.with_lifting(earlier, [of_earlier])

        return self._record_pair("merge", later_id, earlier_id, make, names)

    def link(self, later_id: str, earlier_id: str, kind: str, names: Collection[str]) -> Result:
        """A request comes after an earlier one: a `repeat` (R26) or a `reminder` (R54); `names` as above."""

        def make(
            later: Timeline, earlier: Timeline, same: bool, _narrower: bool
        ) -> tuple[list[NewFact], list[NewFact]]:
            return overlap.link(later, earlier, kind, same=same), []

        return self._record_pair("link", later_id, earlier_id, make, names)

    def _officer(
        self,
        request_id: str,
        kind: str,
        make: Callable[[Timeline], Sequence[NewFact]],
        text: str | None = None,
    ) -> Result:
        return self._record(request_id, make, self.officer.deciding(request_id, kind), text)

    def _record(
        self,
        request_id: str,
        make: Callable[[Timeline], Sequence[NewFact]],
        authority: Mapping[str, str],
        text: str | None,
    ) -> Result:
        facts, by = self.officer.register.facts, self.officer.by
        after = facts.record(
            request_id, lambda t: self.with_lifting(t, make(t)), by, authority=authority, text=text
        )
        return after, self.clock(after)

    def _record_pair(
        self, kind: str, later_id: str, earlier_id: str, make: Pair, names: Collection[str]
    ) -> Result:
        authority, facts = self.officer.deciding(later_id, kind), self.officer.register.facts
        after = facts.record_pair(
            later_id, earlier_id, make, self.officer.by, names=names, authority=authority
        )
        return after, self.clock(after)

    def with_lifting(self, timeline: Timeline, new: Sequence[NewFact]) -> list[NewFact]:
        """The same facts; the first one tells the due date after all of them, and how it was computed."""
        ids = [f"new-{number}" for number in range(len(new))]
        after = timeline.with_(*rows(timeline, new, self.officer.now.isoformat(), self.officer.by, ids))
        first, *rest = new
        return [replace(first, detail={**first.detail, "clock": self.clock(after).evidence}), *rest]
