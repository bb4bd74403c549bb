"""Answering a question: the one way for the terminal, the REST interface and every other front.

Role, four eyes and form are held here; the register then lets one answer in and tells the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afschrift.casework.identity.mandate_forms import MANDATE, MANDATE_SIGNED, MINOR
from afschrift.casework.officer import Officer
from afschrift.casework.review.redactions import REVIEW, REVIEW_SIGNED
from afschrift.domain.errors import ConfigurationError, FormError
from afschrift.law.manual import GIVEN, NewFile
from afschrift.law.partial_response import KIND as SOURCE_DOWN
from afschrift.law.person.assurance import Factor, Level, Risk, must_cover
from afschrift.law.roles import Act, Role, Roles
from afschrift.questions.forms import check
from afschrift.questions.kinds import IDENTITY, IDENTITY_FORM, KINDS, NOT_RECEIVED
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

WITH_A_SERVICE = (
    *("decision", "decision_signed", MINOR, MANDATE, MANDATE_SIGNED, NOT_RECEIVED, SOURCE_DOWN),
    *(REVIEW, REVIEW_SIGNED),
)
"""Kinds whose answers have consequences of their own: `casework/decision`, `casework/identity`,
`casework/intake`, `casework/partial_response` and `casework/review` take them."""


def form_of(question: QuestionRow) -> Mapping[str, Any] | None:
    """The form as it was asked; of a question that was asked before it had one, that of its kind."""
    if question.form is not None or question.kind not in KINDS:
        return question.form
    return KINDS[question.kind].form


def visible(roles: Roles, account: str, question: QuestionRow) -> bool:
    """Whether somebody gets to see a question: it is put to their role, or they oversee all."""
    return roles.may(account, Act.OVERSEE) or roles.holds(account, Role(question.role))


def still_open(register: Register, request_id: str) -> tuple[str, ...]:
    """Ids of the open questions of a request: its next run waits for the last answer."""
    return tuple(question.id for question in register.questions.all(request_id=request_id))


def answer(
    officer: Officer,
    question_id: str,
    choice: str,
    *,
    detail: Mapping[str, Any] | None = None,
    text: str | None = None,
    files: Sequence[NewFile] = (),
) -> DecisionRow:
    """Answer a question; it is recorded with who, when, in which role and by what right.

    Args:
        officer: whoever answers.
        question_id: the question.
        choice: one of its options.
        detail: the form's fields; codes, numbers and dates only.
        text: a reason in words; kept encrypted, the trail holds its HMAC.
        files: what was found in a system that no query reaches; kept encrypted.

    Raises:
        UnknownQuestionError: no such question.
        NotAllowedError: they lack the question's role, or four eyes are due and they decided before; the
            attempt is an event `answer_refused`.
        TooLateError: answered already, or the request is closed.
        FormError: the answer does not fit the form.
        RefusedError: an identity was checked less surely than its risk asks for (R12).
    """
    question = officer.register.questions.get(question_id)
    held = officer.answering(question)
    if question.answered_at is None:
        if question.kind in WITH_A_SERVICE:
            raise ConfigurationError("This kind of question has a way of its own.")
        check(form_of(question), question.options, choice, detail or {})
        if question.kind == IDENTITY.kind and choice == "confirmed":
            _sure_enough(question, detail or {})
        _words_where_needed(question, choice, text)
        _files_fit(choice, files)
    return officer.register.questions.answer(
        question.id, choice, officer.by, detail, text, held=held, files=files
    )


def _sure_enough(question: QuestionRow, detail: Mapping[str, Any]) -> None:
    """A check must do for the risk that the question names (R12)."""
    if "risk" in question.detail:
        factors = tuple(Factor(one) for one in question.detail.get("factors", ()))
        must_cover(detail.get("level"), Risk(Level(question.detail["risk"]), factors))


def _words_where_needed(question: QuestionRow, choice: str, text: str | None) -> None:
    """Some choices are not complete without a reason in words."""
    kind = KINDS.get(question.kind)
    if kind is not None and choice in kind.in_words and not (text or "").strip():
        raise FormError(
            "The answer does not fit its question.",
            {"text": "say why in words; they are kept encrypted"},
            way_out=f"`afschrift answer {question.id} --choice {choice} --text-file FILE`. "
            "Nothing was recorded.",
        )


def _files_fit(choice: str, files: Sequence[NewFile]) -> None:
    """Files come with the one choice that says so."""
    if (choice == GIVEN) != bool(files):
        raise FormError(
            "The answer does not fit its question.",
            {"files": "go with the choice `given`, and it with them"},
            way_out="`afschrift manual answer REQUEST SOURCE --file FILE` gives files. Nothing was recorded.",
        )


def confirm_identity(
    officer: Officer,
    request_id: str,
    *,
    detail: Mapping[str, Any],
    text: str | None = None,
    needed: Risk | None = None,
) -> DecisionRow:
    """Record that the requester is who they say: the answer to that question, or before it is asked (R10).

    `needed`: the risk class, where nothing was asked yet.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError, TooLateError, FormError, RefusedError: as for `answer`.
    """
    register = officer.register
    asked = [q for q in register.questions.all(request_id=request_id) if q.kind == IDENTITY.kind]
    if asked:
        return answer(officer, asked[-1].id, "confirmed", detail=detail, text=text)
    request = register.requests.get(request_id)
    held = officer.deciding(request.id, IDENTITY.kind)
    check(IDENTITY_FORM, IDENTITY.options, "confirmed", detail)
    if needed is not None:
        must_cover(detail.get("level"), needed)
    return register.decisions.take(
        request_id, IDENTITY.kind, "confirmed", officer.by, detail=detail, text=text, held=held
    )
