"""Record what moves a request's clock, and say in words when the request is due and why.

Roles and four eyes are checked here, the law in `law`, and the register appends the facts with their events.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from afschrift.casework.identity.breach import require_no_breach
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError
from afschrift.law.clock import alarm, overlap, receipt, sending
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.facts import WITH_LETTER, FactRow, NewFact, Timeline, rows
from afschrift.law.clock.sending import Sending
from afschrift.law.clock.suspension import extend, insufficient, resume, suspend
from afschrift.register.timelines import MakePair

Result = tuple[Timeline, Clock]
_LETTERS: dict[str, tuple[str, ...]] = {
    "identity": ("identity_request",),
    "specification": ("specify_request",),
    "reply_insufficient": ("answer_insufficient",),
    "extension": ("extension",),
}
"""Act, or ground of a suspension -> kinds of the letters that announce it."""


@dataclass(frozen=True)
class ClockService:
    """Records facts on the clocks of requests.

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
            letter=letter,
            ground=ground,
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
            letter=letter,
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
            letter,
        )

    def sent(self, request_id: str, letter_sent: Sending, fact: str | None = None) -> Result:
        """A letter left, as a person says it with channel and proof."""
        return self._officer(
            request_id,
            "letter_sent",
            lambda t: sending.record_sending(t, self.today(t), fact, letter_sent),
            left=letter_sent.on,
        )

    def inform(self, request_id: str, how: Sending) -> Result:
        """The person was informed of the answer that is ready, or it was handed over."""
        return self._officer(
            request_id, "told", lambda t: sending.record_notification(t, self.today(t), how), left=how.on
        )

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
        return self._record_pair("merge", later_id, earlier_id, self.merge_facts, names)

    def merge_facts(
        self, later: Timeline, earlier: Timeline, same: bool, narrower: bool
    ) -> tuple[list[NewFact], list[NewFact]]:
        """What a merge records of both requests, as `register.facts.record_pair` takes it."""
        of_later, of_earlier = overlap.merge(later, earlier, same=same, narrower=narrower)
        return [of_later], self.with_lifting(earlier, [of_earlier])

    def link(self, later_id: str, earlier_id: str, kind: str, names: Collection[str]) -> Result:
        """A request comes after an earlier one: a `repeat` (R26) or a `reminder` (R54); `names` as above."""
        return self._record_pair(
            "link",
            later_id,
            earlier_id,
            lambda later, earlier, same, _: (overlap.link(later, earlier, kind, same=same), []),
            names,
        )

    def _officer(
        self,
        request_id: str,
        kind: str,
        make: Callable[[Timeline], Sequence[NewFact]],
        text: str | None = None,
        letter: str | None = None,
        left: date | None = None,
        ground: str = "",
    ) -> Result:
        authority = self.officer.deciding(request_id, kind)
        if letter is not None:
            self._must_announce(request_id, letter, ground or kind)
        if left is not None:
            require_no_breach(self.officer.register, request_id, left)
        return self._record(request_id, make, authority, text)

    def _must_announce(self, request_id: str, letter: str, act: str) -> None:
        row = self.officer.register.letters.get(letter)
        kinds = _LETTERS.get(act, ())
        if row.request != request_id or (kinds and row.kind not in kinds):
            raise RefusedError(
                f"Letter {letter} ({row.kind}) does not announce this for request {request_id}.",
                remedy=f"name one of its letters of the kind {' or '.join(kinds)}: `afschrift letter "
                f"list --request {request_id}`.",
            )

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
        self, kind: str, later_id: str, earlier_id: str, make: MakePair, names: Collection[str]
    ) -> Result:
        authority, facts = self.officer.deciding(later_id, kind), self.officer.register.facts
        after = facts.record_pair(
            later_id, earlier_id, make, self.officer.by, names=names, authority=authority
        )
        return after, self.clock(after)

    def with_lifting(self, timeline: Timeline, new: Sequence[NewFact]) -> list[NewFact]:
        """The same facts; the first also holds the due date after all of them, and how it was computed."""
        ids = [f"new-{number}" for number in range(len(new))]
        after = timeline.with_(*rows(timeline, new, self.officer.now.isoformat(), self.officer.by, ids))
        first, *rest = new
        return [replace(first, detail={**first.detail, "clock": self.clock(after).evidence}), *rest]


def due_words(clock: Clock) -> str:
    """When it is due, in a few words."""
    if clock.closed_on is not None:
        return f"closed {clock.closed_on}"
    if clock.due is None:
        return clock.suspension
    return f"due {clock.due}  {clock.days_left:>4} days ({clock.working_days_left})"


def explanation_lines(clock: Clock) -> Iterator[str]:
    """When it is due and why, a line each."""
    notice = f"by {clock.notice_due}" if clock.notice_due else "day not known while suspended"
    yield f"{due_words(clock)}, {clock.colour}; notice {notice}, target {clock.target}"
    for breach in clock.breaches:
        code, _, rule = breach.partition(":")
        yield f"breach {code} ({rule})"
    for step in clock.steps:
        yield f"why  {step}"


def fact_lines(found: Sequence[FactRow]) -> Iterator[str]:
    """Its facts, a line each."""
    for fact in found:
        codes = {name: value for name, value in fact.detail.items() if name != "clock"}
        day = f" on {fact.day}" if fact.day else f" at {fact.instant}" if fact.instant else ""
        about = f" of {fact.about or fact.other}" if fact.about or fact.other else ""
        letter = ""
        if fact.kind in WITH_LETTER:
            letter = f", sent {fact.sent_on} by {fact.sent_by[0]}" if fact.sent_on else ", LETTER NOT SENT"
        words = f" {json.dumps(codes)}" if codes else ""
        yield f"fact {fact.id} {fact.kind}{day}{about}{letter}, by {fact.by}{words}"


def earlier_lines(timeline: Timeline, requests: Sequence[str]) -> Iterator[str]:
    """Earlier requests of the same person that are not linked to it."""
    known = {fact.other for fact in timeline.facts}
    if unlinked := [request for request in requests if request not in known]:
        yield (
            f"earlier requests of the same person: {', '.join(unlinked)} (`request merge` an open one, "
            "`request link` a closed one)"
        )


def clock_row(clock: Clock) -> dict[str, Any]:
    """A clock for JSON: dates as text, statuses by their terms."""
    plain = {name: str(v) if isinstance(v, date) else v for name, v in asdict(clock).items()}
    return {**plain, "status": [fact.iri for fact in clock.status], "versions": dict(clock.versions)}


def fact_row(fact: FactRow) -> dict[str, Any]:
    """A fact for JSON."""
    return {name: str(v) if isinstance(v, date) else v for name, v in asdict(fact).items()}
