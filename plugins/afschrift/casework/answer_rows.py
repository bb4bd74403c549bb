"""Answers as rows of the table of actions: a kind of question, what takes its answer, and what it shows.

Above the kinds, so that a subject can ask its questions without importing what takes the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from afschrift.casework import retention, second_signature
from afschrift.casework.actions.action import LONGEST_TEXT, Action, Done, Parameters, Subject
from afschrift.casework.columns import judged_files
from afschrift.casework.columns import question as columns
from afschrift.casework.decision import question as decision
from afschrift.casework.decision.answer import decide, decision_signed_view, sign_decision
from afschrift.casework.delivery.recipient_key import RECIPIENT_KEY, answer_recipient_key
from afschrift.casework.identity import accounts, breach, death
from afschrift.casework.identity import question as identity
from afschrift.casework.informing import question as informing
from afschrift.casework.informing.answer import answer_inform, inform_view
from afschrift.casework.intake import not_received
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response import damaged
from afschrift.casework.partial_response import question as partial_response
from afschrift.casework.partial_response.answer import answer_damaged, answer_source_down
from afschrift.casework.question_kinds import KINDS, kind_named
from afschrift.casework.review import question as review
from afschrift.casework.review.answer import answer_review
from afschrift.domain.errors import FormError
from afschrift.outside.read_model import read_model
from afschrift.questions.forms import check, fields
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.questions.view import Section
from afschrift.register.records import DecisionRow, QuestionRow

Take = Callable[[Officer, QuestionRow, GivenAnswer], Answered]
View = Callable[[Officer, QuestionRow], Sequence[Section]]
Signature = Callable[[DecisionRow, QuestionRow], OpenQuestion]
Code = str | int | float | bool | None
Words = Annotated[str, Field(max_length=LONGEST_TEXT)]
_UNFIT = "The answer does not fit its question."


class AnswerParameters(Parameters):
    """Of an answer. Codes in `detail`; words in `text` and `texts`, which are kept encrypted."""

    choice: str = Field(max_length=64)
    detail: dict[str, Code | list[Code] | dict[str, Code]] = Field(default={})
    texts: dict[str, Words | list[Words]] = Field(default={}, max_length=40)
    text: str | None = Field(default=None, max_length=LONGEST_TEXT)


@dataclass(frozen=True)
class AnswerDone(Done):
    """What an answer came to.

    Attributes:
        run: id of the run that it started; None: none started.
        next: what remains to be done, in words; empty: nothing.
    """

    answered: Answered = field(kw_only=True)
    run: str | None = None
    next: str = ""

    def saying(self, words: str) -> AnswerDone:
        """The same, with words before what is left to do."""
        return replace(self, next=f"{words} {self.next}".strip())

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        done, decision = self.answered, self.answered.decision
        more = {"letter": done.letter, "signer": done.signer} if done.next_step else {}
        of = {"question": decision.question, "request": done.request}
        of |= {"choice": decision.choice, "at": decision.at}
        return of | more | {"run": self.run, "next": self.next or None}


@dataclass(frozen=True)
class AnswerAction(Action):
    """An answer to a question of a kind. The question says who may, and its own form counts.

    Attributes:
        take: takes an answer that fits the form; `Officer.record_answer`: nothing follows but the next run.
        view: what is shown of what is judged; None: the detail of the question alone.
        signed_by: the question to a second signer about an answer that takes one, whose `detail` then says
            `second_signer`; None: a single person answers.
    """

    kind: QuestionKind = field(kw_only=True)
    take: Take = field(kw_only=True)
    view: View | None = None
    signed_by: Signature | None = None

    def permit(self, officer: Officer, owner: str) -> Mapping[str, str]:
        """As `Officer.answering`: the role is that of the question, and four eyes may be due."""
        question = officer.register.questions.get(owner)
        officer.register.evidence.must_follow(question.request)
        return officer.answering(question)

    def read(self, given: object, authority: Mapping[str, str]) -> GivenAnswer:
        """An answer from its parts."""
        if not isinstance(given, GivenAnswer):
            given = GivenAnswer(**dict(read_model(AnswerParameters, given)))
        text = (given.text or "").strip() or None
        return replace(given, text=text, authority=authority)

    def fields(self) -> dict[str, dict[str, Any]]:
        """The fields of its form, without the choice."""
        return fields(self.kind.form)

    def needed(self) -> tuple[str, ...]:
        """None: which are needed depends on the choice."""
        return ()


def form_of(question: QuestionRow) -> Mapping[str, Any] | None:
    """The form stored with the question; for a question older than its form, the form of its kind."""
    if question.form is not None or question.kind not in KINDS:
        return question.form
    return KINDS[question.kind].form


def _do(officer: Officer, question_id: str, given: GivenAnswer) -> AnswerDone:
    done = _answered(officer, officer.register.questions.get(question_id), given)
    return AnswerDone([officer.register.facts.timeline(done.request)], answered=done, next=done.next_step)


def _answered(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    if question.answered_at is not None:
        # the register says who was first
        return officer.record_answer(question, GivenAnswer(given.choice, authority=given.authority))
    row = answer_row(question.kind)
    _must_fit(row.kind, question, given)
    done = row.take(officer, question, given)
    if row.signed_by is None or not second_signature.is_due(done.decision):
        return done
    asked = row.signed_by(done.decision, question)
    return second_signature.waits(officer.register, done.decision, question.request, asked)


def _must_fit(kind: QuestionKind, question: QuestionRow, given: GivenAnswer) -> None:
    """Check an answer against what its kind takes.

    Raises:
        FormError: names what does not fit, and repeats nothing of it.
    """
    if kind.on_grounds:  # the table of grounds checks its fields
        check(None, question.options, given.choice, {})
    else:
        check(form_of(question), question.options, given.choice, given.detail)
        if given.texts:
            fault = {"texts": "this question has no fields for words; put a reason into `text`"}
            raise FormError(_UNFIT, fault, remedy="nothing was changed; answer again.")
    if given.choice in kind.in_words and not (given.text or "").strip():
        raise FormError(
            _UNFIT,
            {"text": "say why in words; they are kept encrypted"},
            remedy=f"`afschrift answer {question.id} --choice {given.choice} --text-file FILE`. "
            "Nothing was recorded.",
        )
    if (given.choice == kind.files_with) != bool(given.files):
        raise FormError(
            _UNFIT,
            {"files": "go with the choice `given`, and it with them"},
            remedy="`afschrift answer QUESTION --choice given --file FILE` gives them. Nothing was recorded.",
        )


def answer_action(
    kind: QuestionKind,
    take: Take = Officer.record_answer,
    view: View | None = None,
    signed_by: Signature | None = None,
) -> AnswerAction:
    """The row of a kind."""
    words = kind.name, kind.title, kind.asks
    named: dict[str, Any] = {"role": kind.role, "of": Subject.QUESTION, "command": False}
    return AnswerAction(
        *words, AnswerParameters, _do, **named, kind=kind, take=take, view=view, signed_by=signed_by
    )


_ROWS = (
    answer_action(identity.IDENTITY_KIND, identity.answer_identity),
    answer_action(accounts.SEVERAL_PERSONS, view=accounts.several_persons_view),
    answer_action(accounts.SHARED_KEY, view=accounts.shared_key_view),
    answer_action(identity.MINOR_KIND, identity.answer_minor),
    answer_action(
        identity.MANDATE_KIND,
        breach.answer_mandate,
        partial(second_signature.taken_before, kind=identity.MANDATE, form=identity.MANDATE_FORM),
        identity.signature,
    ),
    answer_action(
        identity.MANDATE_SIGNED_KIND,
        identity.sign_mandate,
        partial(second_signature.form_sections, kind=identity.MANDATE, form=identity.MANDATE_FORM),
    ),
    answer_action(death.DECEASED_KIND, death.answer_deceased),
    answer_action(decision.DECISION_KIND, decide, decision.decision_view, decision.signature),
    answer_action(decision.DECISION_SIGNED_KIND, sign_decision, decision_signed_view),
    answer_action(
        not_received.NOT_RECEIVED_KIND, not_received.sign_not_received, not_received.not_received_view
    ),
    answer_action(columns.UNCLASSIFIED, view=columns.columns_view),
    answer_action(columns.MIXED, view=columns.columns_view),
    answer_action(columns.BASIS_UNKNOWN, view=columns.columns_view),
    answer_action(columns.SPECIAL_CONDITION_UNKNOWN, view=columns.columns_view),
    answer_action(columns.SPECIAL_CONDITION_OTHER, view=columns.columns_view),
    answer_action(columns.CONSENT_MISSING, view=columns.consent_missing_view),
    answer_action(columns.OTHERS_UNDECIDED, view=columns.columns_view),
    answer_action(columns.UNLISTED_TABLES, view=columns.unlisted_view),
    answer_action(columns.UNKNOWN_ORIGIN, view=columns.table_rows_view),
    answer_action(columns.FOREIGN_ROWS, view=columns.table_rows_view),
    answer_action(columns.RESIDUAL_ROWS, view=columns.residual_view),
    answer_action(judged_files.FILE_MISSING, view=judged_files.missing_files_view),
    answer_action(judged_files.ACTIVE_CONTENT, view=judged_files.active_files_view),
    answer_action(columns.NOTHING_IN_LIMITS, view=columns.limits_view),
    answer_action(columns.NOTHING_HELD, view=columns.nothing_held_view),
    answer_action(retention.PAST_PERIOD, retention.answer_past_period, retention.past_period_view),
    answer_action(retention.REMOVAL_DUE, retention.answer_past_period, retention.past_period_view),
    answer_action(review.REVIEW_KIND, answer_review, signed_by=review.signature),
    answer_action(review.REVIEW_SIGNED_KIND, second_signature.sign, review.review_signed_view),
    answer_action(partial_response.SOURCE_DOWN, answer_source_down),
    answer_action(damaged.KIND, answer_damaged),
    answer_action(RECIPIENT_KEY, answer_recipient_key),
    answer_action(informing.INFORM_KIND, answer_inform, inform_view),
)

ANSWERS = {name: answer_action(kind) for name, kind in KINDS.items()} | {row.name: row for row in _ROWS}
"""Name of a kind -> its row. A kind that `_ROWS` lacks is recorded, and shows its detail."""


def answer_row(kind: str) -> AnswerAction:
    """The row of a kind by its name."""
    return ANSWERS.get(kind) or answer_action(kind_named(kind))
