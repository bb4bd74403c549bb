"""Elements of letters that the register fills in: what was asked, what was passed on, what is late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from afschrift.casework.decision.in_force import restrictions
from afschrift.casework.same_message import other_right
from afschrift.domain.errors import RefusedError
from afschrift.domain.request import Request
from afschrift.law.case_facts import CaseFactRow, Matter, referrals
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.law.grounds import Outcome
from afschrift.letters.kinds import LetterKind
from afschrift.letters.words import LetterWords
from afschrift.register.register import Register

UNCLEAR = "unclear"
"""The code of a right that a message does not name (R05)."""
MESSAGE = "message"
"""What a letter is about that is about no single right, called "your message" there."""
_OF_MESSAGE = ("acknowledgement", "handed_over")


@dataclass(frozen=True)
class AboutRequest:
    """The request that a letter is about, on the day of its writing.

    Attributes:
        contact: of the controller, where questions go.
        together: other requests of the message that the letter answers too.
    """

    register: Register
    request: Request
    timeline: Timeline
    jurisdiction: Jurisdiction
    today: date
    contact: str
    together: tuple[Timeline, ...] = ()

    @property
    def missed(self) -> date | None:
        """The first last day that was missed of what the letter is about (R37)."""
        of_each = (missed_day(t, self.jurisdiction, self.today) for t in (self.timeline, *self.together))
        return min(filter(None, of_each), default=None)

    @property
    def merged_into(self) -> Timeline:
        """The earlier request in which it goes on (R55).

        Raises:
            RefusedError: it was not merged.
        """
        fact = next(reversed(self.timeline.of(FactKind.MERGED)), None)
        if fact is None or fact.other is None:
            raise RefusedError(
                f"Request {self.request.id} goes on in no other one (R55).",
                remedy="merge it first: `afschrift request merge`.",
            )
        return self.register.facts.timeline(fact.other)


def register_elements(about: AboutRequest, kind: LetterKind) -> dict[str, Any]:
    """The elements that only the register fills in, with those of this kind of letter.

    Raises:
        RefusedError: the request was not merged, is not late, or had no restriction that is lifted.
    """
    of_kind = _OF_KIND.get(kind.name)
    own = {**_asked(about, kind), **(of_kind(about) if of_kind else {}), **_late(about, kind)}
    if "given_before" in kind.optional:
        own["given_before"] = about.timeline.answered_before
    if "other_right" not in kind.optional:
        return own
    announced = [other.request for other in about.together]
    return own | other_right(about.register, about.timeline, about.jurisdiction, about.today, announced)


def filled_in(about: AboutRequest, kind: LetterKind, words: LetterWords) -> dict[str, Any]:
    """Elements that an officer may overrule, as the register knows them."""
    if kind.name == "handed_over":
        return _handed_over(about, words)
    return _rest_by(about) if kind.name == "restriction_lifted" else {}


def right_unclear(timeline: Timeline) -> bool:
    """Whether the message does not say which right it means, and no officer has read it yet (R05)."""
    return bool(timeline.of(FactKind.RIGHT_UNCLEAR)) and not timeline.of(FactKind.RIGHT_READ)


def missed_day(timeline: Timeline, jurisdiction: Jurisdiction, today: date) -> date | None:
    """The last day of a request that is answered late; None: it is in time, or waits for the person (R37)."""
    return day_missed(clock(timeline, jurisdiction, today), today)


def day_missed(found: Clock, today: date) -> date | None:
    """As `missed_day`, by the clock of a request on a day."""
    return found.due if found.due is not None and (found.closed_on or today) > found.due else None


def _asked(about: AboutRequest, kind: LetterKind) -> dict[str, Any]:
    """Which rights the message used: ours, those that are passed on, or that it is unclear (R05)."""
    register, case = about.register, about.request.case
    of_case = register.requests.all(case=case)
    unclear = any(right_unclear(register.facts.timeline(request.id)) for request in of_case)
    rights = [UNCLEAR] if unclear else [request.right.value for request in of_case]
    matters = [referral.matter for referral in referrals(register.case_facts.of(case))]
    if register.requests.made_by(about.request.id) == "heir":  # that the person died is what they write about
        matters = [matter for matter in matters if matter is not Matter.DECEASED]
    return {
        "right": MESSAGE
        if unclear or about.together or kind.name in _OF_MESSAGE
        else about.request.right.value,
        "rights_asked": list(dict.fromkeys(rights)),
        "referred": [matter.value for matter in matters],
    }


def _merged(about: AboutRequest) -> dict[str, Any]:
    """In which request it goes on, and whose receipt counts (R55)."""
    earlier = about.merged_into
    return {"merged_into": earlier.request, "earlier_receipt": earlier.received}


def _late(about: AboutRequest, kind: LetterKind) -> dict[str, Any]:
    """The day that was missed, of a letter that says sorry for it (R37)."""
    missed = about.missed
    if "was_due" in kind.required and missed is None:
        raise RefusedError(
            f"Request {about.request.id} is not late (R37).",
            remedy=f"`afschrift request show {about.request.id}` says when it is due.",
        )
    return {"was_due": missed} if "was_due" in (*kind.required, *kind.optional) else {}


def _informed_before(about: AboutRequest) -> dict[str, Any]:
    """Whether a letter informed the person before that something is kept back (R84).

    Of a restriction whose existence was hidden the letter says only what is given: to say that something was
    kept back, and hidden, may harm the person whom that protected.
    """
    lifted = [row for row in restrictions(about.register, about.request.id) if row.lifted]
    if not lifted:
        raise RefusedError(
            f"No restriction of request {about.request.id} was lifted (R84).",
            remedy="look at it again first: `afschrift request review-restriction --outcome lifted`.",
        )
    informed = any(
        fact.detail.get("outcome") == Outcome.RESTRICT and fact.sent_on is not None
        for fact in about.timeline.of(FactKind.DECIDED)
    )
    return {"told_before": "yes"} if informed and not any(row.hidden for row in lifted) else {}


def _term(about: AboutRequest) -> dict[str, Any]:
    """The last day for the reply to the question that is open, and whether the clock goes on after it."""
    asked = about.timeline.waiting
    term = asked.detail.get("term") if asked else None
    if term is None:
        return {}
    day = date.fromisoformat(term)
    return {"reply_by": day} | ({"goes_on_after": day} if about.jurisdiction.public_body else {})


def _rest_by(about: AboutRequest) -> dict[str, Any]:
    """By when what was kept back is given: by the request that was opened for it, or by the same one."""
    register, case = about.register, about.request.case
    of_case = [register.facts.timeline(request.id) for request in register.requests.all(case=case)]
    after = [t for t in of_case if any(f.other == about.request.id for f in t.of(FactKind.LINKED))]
    gives = after[-1] if after else about.timeline
    due = clock(gives, about.jurisdiction, about.today).due if gives.state.open else None
    return {"rest_by": due} if due is not None else {}


def _handed_over(about: AboutRequest, words: LetterWords) -> dict[str, Any]:
    """What was passed on last, to whom, and whom to ask; empty where nothing was."""
    done = _done(about)
    if not done:
        return {}
    to = done[-1][0].detail["to"]
    return {
        "passed_on": [words.say("referred", matter) for fact, matter in done if fact.detail["to"] == to],
        "passed_to": to,
        "passed_because": "department",
        "passed_contact": about.contact,
    }


def _reference(about: AboutRequest) -> dict[str, Any]:
    done = _done(about)
    return {"passed_reference": done[-1][0].detail["reference"]} if done else {}


def _done(about: AboutRequest) -> list[tuple[CaseFactRow, Matter]]:
    """What was handed over, the last at the end."""
    found = referrals(about.register.case_facts.of(about.request.case))
    done = [(row.handed_over, row.matter) for row in found if row.handed_over is not None]
    return sorted(done, key=lambda pair: pair[0].number)


_OF_KIND: Mapping[str, Callable[[AboutRequest], dict[str, Any]]] = {
    "merged": _merged,
    "restriction_lifted": _informed_before,
    "handed_over": _reference,
    "identity_request": _term,
    "specify_request": _term,
}
