"""The questions who asks and for whom, and the handlers of their answers (R10-R16); codes and days only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from afschrift.casework.officer import Officer
from afschrift.casework.second_signature import sign
from afschrift.domain.errors import FormError, RefusedError
from afschrift.domain.language import gettext
from afschrift.law import person
from afschrift.law.person import Factor, Level, Minor, NotEnough, Proven, Risk, check_mandate, must_cover
from afschrift.law.roles import SIGNS, Role
from afschrift.questions.forms import form
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.register.records import DecisionRow, QuestionRow

_CONFIRMED = ("confirmed", "not_confirmed")

IDENTITY_FORM = form(
    _CONFIRMED,
    {
        "method": {
            "title": "How it was checked",
            "enum": ["login", "eid", "call_back", "known_address", "counter", "video", "mandate"],
        },
        "level": {"title": "How sure it is", "enum": ["low", "substantial", "high"]},
        "checked_on": {"title": "When it was checked", "type": "string", "format": "date"},
        "doubt": {
            "title": "Why more was asked than the message showed (R10)",
            "enum": ["unknown_sender", "other_address", "keys_disagree", "special_data", "sent_by_another"],
        },
    },
    {"confirmed": ("method", "level"), "not_confirmed": ("doubt",)},
)
"""What is kept of an identity check: codes and a date, never a copy of a document (R11)."""


MANDATE, MANDATE_SIGNED, MINOR = "mandate", "mandate_signed", "minor"
WITH_REPRESENTATIVE, ANSWER_CHILD = "with_representative", "answer_child"
PROVEN, NOT_PROVEN = "proven", "not_proven"
BOUND = "destination"
"""Field of both decisions: where the answer goes to them (R71)."""

MANDATE_FORM = form(
    ("proven", "not_proven"),
    {
        "kind": {"title": "What gives the authority", "enum": list(person.MANDATE_KINDS)},
        "checked_on": {"title": "When it was checked", "type": "string", "format": "date"},
        "scope": {"title": "Which right it covers", "enum": list(person.MANDATE_SCOPES)},
        "valid_until": {"title": "Its last day, where it has one", "type": "string", "format": "date"},
        "identity_checked": {
            "title": "How the representative's own identity was checked",
            "enum": list(person.CHECKED_BY),
        },
        "answer_to": {"title": "Who receives the answer", "enum": list(person.ANSWER_TO)},
        "answer_by": {"title": "How it goes there", "enum": list(person.ANSWER_BY)},
        "secrecy": {
            "title": "Whether something must stay secret from the representative",
            "enum": list(person.SECRECY),
        },
        "lacking": {
            "title": "What is not proven",
            "enum": ["authority", "scope", "identity_of_representative", "ran_out", "withdrawn"],
        },
    },
    {
        "proven": ("kind", "checked_on", "scope", "identity_checked", "answer_to", "answer_by"),
        "not_proven": ("lacking",),
    },
)
"""What is kept of a mandate: codes and days, never a copy of it (R11)."""

MINOR_FORM = form(
    (WITH_REPRESENTATIVE, ANSWER_CHILD),
    {
        "reason": {
            "title": "Why the child is answered itself",
            "enum": ["able_to_decide", "safety_of_child", "care_or_counselling", "no_representative"],
        },
    },
    {ANSWER_CHILD: ("reason",)},
)


def signature(decision: DecisionRow, _question: QuestionRow | None = None) -> OpenQuestion:
    """The question whether a second person signs a mandate; `about` is what the decision was about."""
    form = {name: value for name, value in decision.detail.items() if name != "second_signer"}
    detail = {"form": form, "words": decision.text, "question": decision.question}
    words = "Something must stay between the person and us: a second person signs the mandate."
    return OpenQuestion(MANDATE_SIGNED_KIND, SIGNS, words, detail, bound=decision.about)


IDENTITY_KIND = QuestionKind(
    "identity",
    "Who asks",
    "Is the requester who they say they are? Nothing is read before an officer confirms it (R10), except "
    "a look-up by which an officer sees whose the keys are. No copy of an identity document is asked for or "
    "kept (R11).",
    {
        "confirmed": "Reading may begin, for the keys that the request has now.",
        "not_confirmed": "Nothing is read. The next run asks anew, so that proof which comes later can be "
        "entered. More proof is asked only on a doubt about this requester.",
    },
    form=IDENTITY_FORM,
    reason=False,
    note="As surely as the request's risk asks (`risk` and `factors`, R12, "
    "[below](#how-sure-an-identity-must-be)). The last decision counts: a later `not_confirmed` takes a "
    "confirmation back. See first [whose the keys are](#whose-the-keys-are); without a key nothing is "
    "confirmed.",
)

MINOR_KIND = QuestionKind(
    "minor",
    "A child asks alone",
    "Is it answered through its representative, or itself (R16)?",
    {
        "with_representative": "The answer goes through the child's representative.",
        "answer_child": "The child is answered itself, for the reason that you choose below. Say in words "
        "why that is in its interest.",
    },
    form=MINOR_FORM,
    note="See [intake.md](intake.md).",
)

MANDATE_KIND = QuestionKind(
    "mandate",
    "A representative makes the request",
    "Is their authority proven (R15)? No copy of the mandate is kept with the answer (R11).",
    {
        "proven": "The request goes on, within what the mandate covers and for as long as it runs.",
        "not_proven": "Nothing is read; the requester is informed of what is needed. The next run asks "
        "again.",
    },
    form=MANDATE_FORM,
    note="See [intake.md](intake.md). It shows what was decided of a mandate before, such as that it was "
    "taken back.",
)

MANDATE_SIGNED_KIND = QuestionKind(
    "mandate_signed",
    "Second signature on a mandate",
    "Something must stay secret from a representative. Do you sign how the mandate was judged?",
    {
        "agree": "It counts.",
        "disagree": "It does not count, and is asked for again.",
    },
    Role.SECOND_SIGNER,
    note="It shows who decided what and when, each field of the form, and what they wrote.",
)

KINDS = (IDENTITY_KIND, MINOR_KIND, MANDATE_KIND, MANDATE_SIGNED_KIND)


OPEN = "Nothing was recorded; the question is open."
SAY = (
    "Inform the requester of what is still needed: `afschrift letter make {request} mandate_request`. No "
    "clock is suspended meanwhile. The next run asks again."
)


def answer_identity(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer; the check must cover the risk that the question names (R12).

    Raises:
        RefusedError: it was checked less surely than that, or the request has no key.
    """
    if given.choice == "confirmed":
        must_have_keys(officer, question.request)
    if given.choice == "confirmed" and "risk" in question.detail:
        factors = tuple(Factor(code) for code in question.detail.get("factors", ()))
        must_cover(given.detail.get("level"), Risk(Level(question.detail["risk"]), factors))
    if given.choice != "confirmed" or officer.register.requests.made_by(question.request) != "self":
        return officer.record_answer(question, given)
    return _record_bound(officer, question, given)


def _record_bound(
    officer: Officer, question: QuestionRow, given: GivenAnswer, rules: Sequence[str] = ()
) -> Answered:
    """Record an answer, and bind the destination to whom it names: that of the request, or one for their way.

    Raises:
        FormError: no destination is for them and their way.
    """
    register, detail = officer.register, given.detail
    request = register.requests.get(question.request)
    to, by = detail.get("answer_to", person.ANSWER_TO[0]), detail.get("answer_by", "")
    place = officer.settings.destination_by(to, by, request.destination)
    if place is None:
        raise FormError(
            "No destination of this installation is for this recipient and this way (R71).",
            {"answer_by" if by else "choice": gettext("no destination is for it")},
            remedy="choose another way, or name it in the `ways` of a destination "
            f"(docs/operator/operations.md). {OPEN}",
        )
    with register.write_together():
        register.requests.change_options(request.id, destination=place, by=officer.by)
        return officer.record_answer(question, replace(given, detail={**detail, BOUND: place}), rules)


def must_have_keys(officer: Officer, request_id: str) -> None:
    """Refuse a request without a key: without one no person can be recognised."""
    if not officer.register.identities.of(request_id):
        raise RefusedError(
            f"Request {request_id} has no key, so it is not known whose data it is about.",
            remedy="ask the person for one (`afschrift letter make ... identity_request`), then enter it: "
            "`afschrift request keys`. Nothing was recorded.",
        )


def answer_minor(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer to what is done with a child that asks alone (R16).

    Raises:
        TooLateError: asked anew since.
        FormError: it is answered itself, and nothing is said of its interest.
    """
    officer.still_asked(question, "Nothing was recorded.")
    if given.choice == ANSWER_CHILD and not given.text:
        raise _fault("text", "R16", "the child's interest leads, and nothing is said of it", _NOTE)
    return officer.record_answer(question, given, ("R16",))


def answer_mandate(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer whether a representative's authority is proven (R15, R16).

    Raises:
        TooLateError: asked anew since.
        FormError: what was found does not carry it; names the rule and the remedy.
    """
    officer.still_asked(question, "Nothing was recorded.")
    if given.choice != PROVEN:
        words = SAY.format(request=question.request)
        return replace(officer.record_answer(question, given, ("R15",)), next_step=words)
    proven = _must_be_proven(officer, question, given.detail, note=bool(given.text))
    if proven.second_signer:
        given = replace(given, detail={**given.detail, "second_signer": True})
    return _record_bound(officer, question, given, proven.rules)


def sign_mandate(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the second signer's word on a mandate.

    Raises:
        TooLateError: asked anew since.
    """
    officer.still_asked(question, "Nothing was recorded.")
    return sign(officer, question, given, rules=("R16",))


def _must_be_proven(
    officer: Officer, question: QuestionRow, detail: Mapping[str, Any], *, note: bool
) -> Proven:
    request = officer.register.requests.get(question.request)
    verdict = check_mandate(
        detail, request.right, officer.today(request.zone), Minor(question.detail["minor"]), note=note
    )
    if isinstance(verdict, NotEnough):
        raise _fault(verdict.field, verdict.rule, verdict.because, verdict.instead)
    return verdict


_NOTE = "write into the text what is best for the child and why; it is kept encrypted"


def _fault(field: str, rule: str, because: str, instead: str) -> FormError:
    return FormError(
        f"This is turned down ({rule}): {because}.",
        {field: f"{because} ({rule})"},
        remedy=f"{instead}. {OPEN}",
    )
