"""A mandate that is over: taking it back, and what left on it, a possible personal data breach (Art. 33)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from afschrift.casework.delivery.removing import freeze
from afschrift.casework.identity.confirmed import mandate_decision, mandate_is_over
from afschrift.casework.identity.question import MANDATE, NOT_PROVEN, PROVEN
from afschrift.casework.identity.question import answer_mandate as record_mandate
from afschrift.casework.officer import Officer
from afschrift.domain.errors import TooLateError
from afschrift.domain.instants import rfc3339
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.law.letter import LetterRow
from afschrift.law.roles import Act
from afschrift.questions.ask import Answers, ask, put
from afschrift.questions.forms import form
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.register.deliveries import REVOKED, DeliveryRow
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

_ANSWERS = (FactKind.ANSWER_READY, FactKind.PARTLY_DELIVERED)
OPTIONS = ("notified", "no_risk", "no_breach")
HOURS = 72
"""Within which the authority is notified, from when the breach was known (Art. 33(1))."""

BREACH_KIND = QuestionKind(
    "possible_breach",
    "A possible personal data breach",
    "Did data of the person reach someone who may not have them? Ask the data protection officer for advice. "
    "The authority is notified within 72 hours, unless a risk to the person is unlikely (Art. 33).",
    {
        "notified": "It is a breach, and the authority was notified.",
        "no_risk": "It is a breach, and a risk is unlikely. It is recorded here (Art. 33(5)).",
        "no_breach": "No data reached them, for example as the letter came back unopened.",
    },
    form=form(
        OPTIONS,
        {"advice": {"title": "What the data protection officer advised", "enum": list(OPTIONS)}},
        dict.fromkeys(OPTIONS, ("advice",)),
    ),
    runs=False,
    in_words=OPTIONS[1:],
    note="Asked by `afschrift delivery misdelivered`; where the sending of an answer is entered whose "
    "mandate is over, which is taken once this is answered; and by `afschrift request mandate-withdrawn` "
    "after an answer left. It outlives its request; `check_deadlines` watches its 72 hours.",
)

KINDS = (BREACH_KIND,)


def require_no_breach(register: Register, request_id: str, on: date, letter: LetterRow | None = None) -> None:
    """Return unless an answer left on a mandate that is over, and no officer judged that.

    Args:
        register: of the installation.
        request_id: the request.
        on: local date on which it left.
        letter: that left; None: each answer that had not left before.

    Raises:
        NeedsPersonError: an officer must judge it; the question is in the register.
    """
    timeline, last = register.facts.timeline(request_id), mandate_decision(register, request_id)
    if last is None or not mandate_is_over(register, request_id, on):
        return
    judged = Answers(register.decisions.of(request_id))
    for answer in timeline.of(*_ANSWERS):
        if answer.sent_on is None if letter is None else answer.id == letter.fact:
            asked = _question(letter.id if letter else answer.id, on)
            if judged.to(asked) is None:
                raise ask(register, request_id, [asked])


def take_back(officer: Officer, request_id: str, text: str | None = None) -> DecisionRow:
    """Record that the person took a mandate back: nothing is delivered on it any more (R15).

    Where an answer left on it before, also on a closed request, an officer is asked about a possible breach.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they lack the role.
        TooLateError: no mandate was found to be proven, or the request is closed and nothing left on it.
    """
    register = officer.register
    role = officer.roles.require(officer.by, Act.DECIDE)
    taken = mandate_decision(register, request_id)
    if taken is None or taken.choice != PROVEN:
        raise TooLateError(
            "No mandate of this request counts as proven, so none can be taken back (R15).",
            remedy="`afschrift request show` says what was decided. Nothing was recorded.",
        )
    left = _left(register.facts.timeline(request_id), taken)
    done = register.decisions.take(
        request_id,
        MANDATE,
        NOT_PROVEN,
        officer.by,
        about=taken.about,
        detail={"lacking": "withdrawn"},
        text=text,
        authority=officer.authority(role),
        closed=bool(left),
    )
    _ask_about(register, request_id, left)
    _freeze(officer, request_id, taken)
    return done


def answer_mandate(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer about a mandate; where it ends one, ask about what left on it, as `take_back` does."""
    before = mandate_decision(officer.register, question.request)
    done = record_mandate(officer, question, given)
    if given.choice != PROVEN and before is not None and before.choice == PROVEN:
        left = _left(officer.register.facts.timeline(question.request), before)
        _ask_about(officer.register, question.request, left)
        _freeze(officer, question.request, before)
    return done


def _freeze(officer: Officer, request_id: str, mandate: DecisionRow) -> None:
    """Take away what lies at a destination for the representative: it may not be fetched any more."""
    if mandate.detail.get("answer_to") != "person":
        freeze(officer, request_id, REVOKED, "mandate_withdrawn")


def _left(timeline: Timeline, mandate: DecisionRow) -> list[FactRow]:
    """Answers and parts that left to the representative on a mandate."""
    if mandate.detail.get("answer_to") == "person":
        return []
    since = timeline.local(mandate.at)
    return [fact for fact in timeline.of(*_ANSWERS) if fact.sent_on is not None and fact.sent_on >= since]


def _ask_about(register: Register, request_id: str, left: Sequence[FactRow]) -> None:
    judged = Answers(register.decisions.of(request_id))
    for answer in left:
        asked = _question(answer.letter or answer.id, answer.sent_on)
        if judged.to(asked) is None:
            put(register, request_id, asked)


def _question(of: str, on: date | None) -> OpenQuestion:
    """The question about a letter or, where there is none, about an answer that was handed over."""
    words = f"{of} left on {on} on a mandate that is over: a possible breach (Art. 33)."
    return OpenQuestion(BREACH_KIND, OPTIONS, words, {"letter": of}, bound=of)


def ask_about_incident(
    register: Register, row: DeliveryRow, incident: str, known_at: str
) -> tuple[str, datetime]:
    """Ask about a delivery that reached another; the question's id, and by when the authority is notified.

    `known_at`: RFC 3339.
    """
    until = datetime.fromisoformat(known_at) + timedelta(hours=HOURS)
    words = f"Delivery {row.id} reached another person or place: a possible breach (Art. 33)."
    detail = {"incident": incident, "delivery": row.id, "known_at": known_at, "notify_by": rfc3339(until)}
    return put(
        register, row.request, OpenQuestion(BREACH_KIND, OPTIONS, words, detail, bound=incident)
    ).id, until
