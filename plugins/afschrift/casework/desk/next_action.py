"""What is to be done next about a request, by whom and by when: for the page, the terminal and REST.

Pure. Every open request has an action, and so has a closed one of which something is left to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from afschrift.casework.desk.owner import owner
from afschrift.casework.letters.prefilled_elements import right_unclear
from afschrift.casework.notices.reviews import DueReview
from afschrift.casework.question_kinds import kind_named
from afschrift.casework.review.question import REVIEW
from afschrift.casework.run_findings import SweepLimits, of_run
from afschrift.domain.request import RequestStatus
from afschrift.law.case_facts import Referral
from afschrift.law.clock.alarm import OVERDUE, level
from afschrift.law.clock.calendar import Calendar
from afschrift.law.clock.clock import Clock
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.law.dispute import complaints, holds
from afschrift.law.letter import UNSETTLED, LetterRow, LetterState
from afschrift.law.manual_search import KIND as SEARCH
from afschrift.law.manual_search import Chase, ChaseDays, chase, due
from afschrift.law.partial_response import KIND as SOURCE_DOWN
from afschrift.law.restriction import reviews
from afschrift.law.roles import Role
from afschrift.letters.kinds import KINDS
from afschrift.questions.ask import assigned_to
from afschrift.register.records import QuestionRow


class ActionKind(StrEnum):
    """Kind of a next action, the most pressing of a request first."""

    REPAIR_RUN = "repair_run"  # the run failed or was lost, and none starts by itself
    FIND_OUT = "find_out"  # whether a letter went
    MAKE_AGAIN = "make_again"  # a letter came back
    SEND = "send"  # a letter was made
    REPLY = "reply"  # the person is asked something, and until then the clock waits
    QUESTION = "question"  # waits for an answer; `what`: its kind, or the system to search
    CHASE = "chase"  # the keeper of a system does not answer
    SIGN = "sign"  # a correction or review waits for a second signer
    MAKE = "make"  # a letter is due
    INFORM = "inform"  # the answer is ready
    READ_RIGHT = "read_right"  # the message does not say which right
    HAND_OVER = "hand_over"  # another matter of the message
    EXPLAIN = "explain"  # why it is late
    COMPLAINT = "complaint"  # is not ended
    RESTRICTION = "restriction"  # look again whether it stays
    HOLD = "hold"  # look again whether it is needed
    PERIOD = "period"  # purposes whose period is over
    LOOK = "look"  # nothing of the above, and no run is to come
    RUN = "run"  # is going, or comes by itself


TITLES = {
    ActionKind.REPAIR_RUN: "Repair the run",
    ActionKind.FIND_OUT: "Find out whether the letter went",
    ActionKind.MAKE_AGAIN: "Make the letter again: it came back",
    ActionKind.SEND: "Send the letter",
    ActionKind.REPLY: "Wait for the person's reply",
    ActionKind.QUESTION: "Answer the question",
    ActionKind.CHASE: "Chase the keeper of a system",
    ActionKind.SIGN: "Sign",
    ActionKind.MAKE: "Make the letter",
    ActionKind.INFORM: "Inform the person: the answer is ready",
    ActionKind.READ_RIGHT: "Read which right it means",
    ActionKind.HAND_OVER: "Hand over to another desk",
    ActionKind.EXPLAIN: "Say why it is late",
    ActionKind.COMPLAINT: "See to the complaint",
    ActionKind.RESTRICTION: "Look at the restriction again",
    ActionKind.HOLD: "Look at the hold again",
    ActionKind.PERIOD: "See to purposes whose period is over",
    ActionKind.LOOK: "Look at the request",
    ActionKind.RUN: "Wait for the run",
}
"""In English; translated where they are shown."""

WAITS = (ActionKind.REPLY, ActionKind.RUN)
"""Kinds for which no officer has anything to do yet."""
_MATTERS = (ActionKind.COMPLAINT, ActionKind.HOLD, ActionKind.PERIOD)
"""Kinds that go on beside the answer: a request with these alone has no other action yet."""


@dataclass(frozen=True)
class NextAction:
    """What is to be done about a request.

    Attributes:
        what: code that says more: kind of a question or letter, name of a system or matter; may be empty.
        role: that does it.
        person: name of the one who does it; None: all who hold the role.
        due: last day for it; None: there is none.
        path: of the page where it is done, below the application.
        level: how far a keeper was chased.
    """

    request: str
    kind: ActionKind
    path: str
    due: date | None = None
    what: str = ""
    role: Role = Role.OFFICER
    person: str | None = None
    level: Chase | None = None


@dataclass(frozen=True)
class RequestRecord:
    """What the register holds of a request, as far as its next actions depend on it.

    Attributes:
        clock: today.
        questions: that are open.
        letters_due: kinds of letters that are due and not made.
        restrictions: that are to be looked at again by today.
        referrals: of its message, that are not handed over; on the first request of a message alone.
        periods: purposes whose period was over when its bundle was packed.
    """

    timeline: Timeline
    clock: Clock
    status: RequestStatus
    questions: Sequence[QuestionRow] = ()
    letters: Sequence[LetterRow] = ()
    letters_due: Sequence[str] = ()
    restrictions: Sequence[DueReview] = ()
    referrals: Sequence[Referral] = ()
    periods: Sequence[str] = ()


@dataclass(frozen=True)
class DeskPolicy:
    """By which next actions are judged.

    Attributes:
        calendar: days off where the controller must act.
        limits: ages from which a run is a finding.
        chased: after how many days a keeper is chased.
        now: the present instant, aware.
    """

    calendar: Calendar
    now: datetime
    limits: SweepLimits = SweepLimits()  # noqa: RUF009 (frozen)
    chased: ChaseDays = ChaseDays()  # noqa: RUF009


def next_actions(record: RequestRecord, policy: DeskPolicy, today: date) -> tuple[NextAction, ...]:
    """The next actions of a request, the most pressing first; none: nothing is left to do.

    Args:
        record: of the request.
        policy: by which they are judged.
        today: local date where the controller must act.
    """
    found = [*_of_letters(record), *_of_questions(record, policy, today), *_of_facts(record)]
    if record.timeline.state.open:
        found += _of_run(record, policy)
        if all(action.kind in _MATTERS for action in found):
            found.append(_action(record, ActionKind.LOOK))
    mine = owner(record.timeline)
    order = list(ActionKind)
    return tuple(
        replace(action, person=action.person or (mine if action.role is Role.OFFICER else None))
        for action in sorted(found, key=lambda action: (order.index(action.kind), action.due or date.max))
    )


def _action(record: RequestRecord, kind: ActionKind, what: str = "", path: str = "") -> NextAction:
    request = record.timeline.request
    return NextAction(request, kind, path or f"/requests/{request}", record.clock.due, what)


def _do(record: RequestRecord, kind: ActionKind, name: str, what: str = "") -> NextAction:
    return _action(record, kind, what, f"/requests/{record.timeline.request}/do/{name}")


_LETTER_ACTS = {
    LetterState.SENDING: (ActionKind.SEND, ""),
    LetterState.UNKNOWN: (ActionKind.FIND_OUT, ""),
    LetterState.BOUNCED: (ActionKind.MAKE_AGAIN, "again"),
}
"""State of a letter -> what is to be done, and the action that does it; empty: one of several."""


def _make(record: RequestRecord, kind: str) -> NextAction:
    return _do(record, ActionKind.MAKE, f"letter?kind={kind}" if kind in KINDS else "letter", kind)


def _of_letters(record: RequestRecord) -> Iterator[NextAction]:
    last = {letter.kind: letter.id for letter in record.letters}
    for letter in record.letters:
        again = letter.state is LetterState.BOUNCED and last[letter.kind] == letter.id
        if letter.state in UNSETTLED or again:
            by_hand = ActionKind.SEND, "send" if letter.mailed else "sent"
            todo, act = _LETTER_ACTS.get(letter.state, by_hand)
            yield _action(record, todo, letter.kind, f"/letters/{letter.id}/do/{act}" if act else "")
    for kind in record.letters_due:
        yield _make(record, kind)
    made = {fact for letter in record.letters if letter.state in UNSETTLED for fact in letter.facts}
    notice = record.clock.notice_due or record.clock.due
    kinds = {FactKind.EXTENDED: "extension", FactKind.DECIDED: "decision", FactKind.SUSPENDED: "question"}
    for fact in record.timeline.unsent_letters:
        if fact.id not in made:
            yield replace(_make(record, kinds[fact.kind]), due=notice)
    asked_to_inform = any(question.kind == "tell_person" for question in record.questions)
    if (
        record.timeline.to_inform
        and not asked_to_inform
        and not made & {f.id for f in record.timeline.to_inform}
    ):
        yield _do(record, ActionKind.INFORM, "handed-over")


def _of_questions(record: RequestRecord, policy: DeskPolicy, today: date) -> Iterator[NextAction]:
    timeline = record.timeline
    for question in record.questions:
        role, to = Role(question.role), assigned_to(timeline, question.id)
        what = question.kind
        path = f"/review/{question.request}" if what == REVIEW else f"/questions/{question.id}"
        asked = replace(_action(record, ActionKind.QUESTION, what, path), role=role, person=to)
        if question.kind == SEARCH:
            on = due(record.clock.target, policy.calendar) if record.clock.due else None
            since = timeline.local(question.asked_at)
            far = chase(since, on, today, policy.calendar, policy.chased)
            asked = replace(asked, what=str(question.detail["source"]), due=on, level=far)
            if far is not Chase.ASKED:
                yield replace(asked, kind=ActionKind.CHASE, role=Role.OFFICER, person=None)
        yield asked


def _of_facts(record: RequestRecord) -> Iterator[NextAction]:
    timeline, clock = record.timeline, record.clock
    if timeline.proposed and timeline.state.open:
        yield replace(_do(record, ActionKind.SIGN, "sign-correction", "receipt"), role=Role.SECOND_SIGNER)
    if right_unclear(timeline) and timeline.state.open:
        yield _action(record, ActionKind.READ_RIGHT)
    for referral in record.referrals:
        yield replace(_action(record, ActionKind.HAND_OVER, referral.matter.value), due=referral.due)
    acknowledged = [fact.detail["due"] for fact in timeline.of(FactKind.OVERDUE_ACKNOWLEDGED)]
    if level(clock, ()) == OVERDUE and str(clock.due) not in acknowledged:
        yield _do(record, ActionKind.EXPLAIN, "acknowledge")
    for complaint in complaints(timeline):
        if complaint.ended is None:
            yield _do(record, ActionKind.COMPLAINT, "complaint-outcome")
    looked_at = {str(fact.detail["restriction"]) for fact in timeline.of(FactKind.RESTRICTION_REVIEWED)}
    to_sign = {id_ for id_ in looked_at if any(review.waits for review in reviews(timeline, id_))}
    for _ in to_sign:
        sign = _do(record, ActionKind.SIGN, "sign-restriction-review", "restriction")
        yield replace(sign, role=Role.SECOND_SIGNER)
    for review in record.restrictions:
        if review.id not in to_sign:
            yield replace(_do(record, ActionKind.RESTRICTION, "review-restriction"), due=review.on)
    for hold in holds(timeline):
        yield replace(_do(record, ActionKind.HOLD, "release", hold.ground), due=hold.review_on)
    if record.periods and timeline.state.open:
        yield _action(record, ActionKind.PERIOD, ", ".join(record.periods))
    if timeline.state.open and timeline.waiting and timeline.waiting.sent_on and clock.due is None:
        yield replace(_do(record, ActionKind.REPLY, "resume"), due=clock.reply_by)


def _of_run(record: RequestRecord, policy: DeskPolicy) -> Iterator[NextAction]:
    status = record.status
    found = of_run(status, policy.now, policy.limits)
    if found is not None and found.start is None and found.hindrance:
        waits = bool(record.questions) or status.state is None or status.state.to_inform
        if not waits:
            yield _action(record, ActionKind.REPAIR_RUN, found.code.value)
        return
    asked = any(kind_named(question.kind).runs for question in record.questions)
    to_run = status.state is not None and not status.state.to_inform and not asked
    if status.going or (to_run and not record.timeline.unsent_refusals):
        yield _action(record, ActionKind.RUN, found.code.value if found else "")


def sources_down(record: RequestRecord) -> tuple[str, ...]:
    """Names of the sources that could not be reached, by the open questions."""
    asked = [question for question in record.questions if question.kind == SOURCE_DOWN]
    return tuple(sorted({str(question.detail.get("source")) for question in asked}))


def words_of(action: NextAction) -> tuple[str, str]:
    """Title of an action and what it is about, in English or a code: translated where they are shown."""
    if action.kind is ActionKind.QUESTION:
        search = action.level is not None
        return kind_named(SEARCH if search else action.what).title, action.what if search else ""
    return TITLES[action.kind], action.what
