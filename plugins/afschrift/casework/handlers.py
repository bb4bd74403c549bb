"""What takes the answers to each kind of question, asks the second signer, and shows what is judged.

One table, above the kinds: a subject asks its questions without knowing what becomes of the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from afschrift.casework import second_signature
from afschrift.casework.columns import question as columns
from afschrift.casework.columns import view as columns_view
from afschrift.casework.decision import question as decision
from afschrift.casework.decision.answer import decide, sign_decision
from afschrift.casework.decision.signed_view import decision_signed
from afschrift.casework.decision.view import decision as decision_view
from afschrift.casework.identity import answer as identity_answer
from afschrift.casework.identity import question as identity
from afschrift.casework.identity.keys_view import several_persons, shared_key
from afschrift.casework.intake.not_received import not_received, sign_not_received
from afschrift.casework.intake.question import NOT_RECEIVED_KIND
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.answer import answer_source_down
from afschrift.casework.partial_response.question import SOURCE_DOWN
from afschrift.casework.review import question as review
from afschrift.casework.review.answer import answer_review
from afschrift.casework.review.signed_view import review_signed
from afschrift.casework.telling.answer import answer_tell
from afschrift.casework.telling.question import TELL_KIND
from afschrift.casework.telling.view import tell_person
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion
from afschrift.questions.view import Section
from afschrift.register.records import DecisionRow, QuestionRow

Take = Callable[[Officer, QuestionRow, GivenAnswer], Answered]
View = Callable[[Officer, QuestionRow], Sequence[Section]]


@dataclass(frozen=True)
class Handlers:
    """What is done with a kind of question.

    Attributes:
        take: takes an answer that fits the form; without it the answer is recorded, and nothing follows but
            the next run.
        view: what is shown of what is judged; None: the detail of the question alone.
        signed_by: the question to a second signer about an answer that takes one, whose `detail` then says
            `second_signer`; None: a single person answers.
    """

    take: Take = Officer.record_answer
    view: View | None = None
    signed_by: Callable[[DecisionRow, QuestionRow], OpenQuestion] | None = None


HANDLERS: dict[str, Handlers] = {
    identity.IDENTITY_KIND.name: Handlers(identity_answer.answer_identity),
    identity.SEVERAL_PERSONS.name: Handlers(view=several_persons),
    identity.SHARED_KEY.name: Handlers(view=shared_key),
    identity.MINOR_KIND.name: Handlers(identity_answer.answer_minor),
    identity.MANDATE_KIND.name: Handlers(
        identity_answer.answer_mandate,
        partial(second_signature.taken_before, kind=identity.MANDATE, form=identity.MANDATE_FORM),
        identity.signature,
    ),
    identity.MANDATE_SIGNED_KIND.name: Handlers(
        identity_answer.sign_mandate,
        partial(second_signature.form_sections, kind=identity.MANDATE, form=identity.MANDATE_FORM),
    ),
    decision.DECISION_KIND.name: Handlers(decide, decision_view, decision.signature),
    decision.DECISION_SIGNED_KIND.name: Handlers(sign_decision, decision_signed),
    NOT_RECEIVED_KIND.name: Handlers(sign_not_received, not_received),
    columns.UNCLASSIFIED.name: Handlers(view=columns_view.columns),
    columns.MIXED.name: Handlers(view=columns_view.columns),
    columns.BASIS_UNKNOWN.name: Handlers(view=columns_view.columns),
    columns.SPECIAL_CONDITION_UNKNOWN.name: Handlers(view=columns_view.columns),
    columns.SPECIAL_CONDITION_OTHER.name: Handlers(view=columns_view.columns),
    columns.CONSENT_MISSING.name: Handlers(view=columns_view.consent_missing),
    columns.OTHERS_UNDECIDED.name: Handlers(view=columns_view.columns),
    columns.UNLISTED_TABLES.name: Handlers(view=columns_view.unlisted),
    columns.UNKNOWN_ORIGIN.name: Handlers(view=columns_view.table_rows),
    columns.FOREIGN_ROWS.name: Handlers(view=columns_view.table_rows),
    columns.RESIDUAL_ROWS.name: Handlers(view=columns_view.residual),
    columns.FILE_MISSING.name: Handlers(view=columns_view.missing_files),
    columns.ACTIVE_CONTENT.name: Handlers(view=columns_view.active_files),
    columns.NOTHING_IN_LIMITS.name: Handlers(view=columns_view.limits),
    columns.NOTHING_HELD.name: Handlers(view=columns_view.nothing_held),
    review.REVIEW_KIND.name: Handlers(answer_review, signed_by=review.signature),
    review.REVIEW_SIGNED_KIND.name: Handlers(second_signature.sign, review_signed),
    SOURCE_DOWN.name: Handlers(answer_source_down),
    TELL_KIND.name: Handlers(answer_tell, tell_person),
}
"""Name of a kind -> its handlers. A kind without a line here is recorded, and shows its detail."""


def handlers_of(kind: str) -> Handlers:
    """The handlers of a kind by its name."""
    return HANDLERS.get(kind, Handlers())
