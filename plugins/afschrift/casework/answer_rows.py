"""Handlers of each kind of question: take its answer, ask the second signer, show what is judged.

One table above the kinds, so that a subject can ask its questions without importing what handles the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from afschrift.casework import retention, second_signature
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
from afschrift.casework.partial_response import question as partial_response
from afschrift.casework.partial_response.answer import answer_damaged, answer_source_down
from afschrift.casework.review import question as review
from afschrift.casework.review.answer import answer_review
from afschrift.law.partial_response import DAMAGED_VALUE
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion
from afschrift.questions.view import Section
from afschrift.register.records import DecisionRow, QuestionRow

Take = Callable[[Officer, QuestionRow, GivenAnswer], Answered]
View = Callable[[Officer, QuestionRow], Sequence[Section]]


@dataclass(frozen=True)
class Handlers:
    """Handlers of a kind of question.

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
    identity.IDENTITY_KIND.name: Handlers(identity.answer_identity),
    accounts.SEVERAL_PERSONS.name: Handlers(view=accounts.several_persons_view),
    accounts.SHARED_KEY.name: Handlers(view=accounts.shared_key_view),
    identity.MINOR_KIND.name: Handlers(identity.answer_minor),
    identity.MANDATE_KIND.name: Handlers(
        breach.answer_mandate,
        partial(second_signature.taken_before, kind=identity.MANDATE, form=identity.MANDATE_FORM),
        identity.signature,
    ),
    identity.MANDATE_SIGNED_KIND.name: Handlers(
        identity.sign_mandate,
        partial(second_signature.form_sections, kind=identity.MANDATE, form=identity.MANDATE_FORM),
    ),
    death.DECEASED_KIND.name: Handlers(death.answer_deceased),
    decision.DECISION_KIND.name: Handlers(decide, decision.decision_view, decision.signature),
    decision.DECISION_SIGNED_KIND.name: Handlers(sign_decision, decision_signed_view),
    not_received.NOT_RECEIVED_KIND.name: Handlers(
        not_received.sign_not_received, not_received.not_received_view
    ),
    columns.UNCLASSIFIED.name: Handlers(view=columns.columns_view),
    columns.MIXED.name: Handlers(view=columns.columns_view),
    columns.BASIS_UNKNOWN.name: Handlers(view=columns.columns_view),
    columns.SPECIAL_CONDITION_UNKNOWN.name: Handlers(view=columns.columns_view),
    columns.SPECIAL_CONDITION_OTHER.name: Handlers(view=columns.columns_view),
    columns.CONSENT_MISSING.name: Handlers(view=columns.consent_missing_view),
    columns.OTHERS_UNDECIDED.name: Handlers(view=columns.columns_view),
    columns.UNLISTED_TABLES.name: Handlers(view=columns.unlisted_view),
    columns.UNKNOWN_ORIGIN.name: Handlers(view=columns.table_rows_view),
    columns.FOREIGN_ROWS.name: Handlers(view=columns.table_rows_view),
    columns.RESIDUAL_ROWS.name: Handlers(view=columns.residual_view),
    judged_files.FILE_MISSING.name: Handlers(view=judged_files.missing_files_view),
    judged_files.ACTIVE_CONTENT.name: Handlers(view=judged_files.active_files_view),
    columns.NOTHING_IN_LIMITS.name: Handlers(view=columns.limits_view),
    columns.NOTHING_HELD.name: Handlers(view=columns.nothing_held_view),
    retention.PAST_PERIOD.name: Handlers(retention.answer_past_period, retention.past_period_view),
    retention.REMOVAL_DUE.name: Handlers(retention.answer_past_period, retention.past_period_view),
    review.REVIEW_KIND.name: Handlers(answer_review, signed_by=review.signature),
    review.REVIEW_SIGNED_KIND.name: Handlers(second_signature.sign, review.review_signed_view),
    partial_response.SOURCE_DOWN.name: Handlers(answer_source_down),
    DAMAGED_VALUE: Handlers(answer_damaged),
    RECIPIENT_KEY.name: Handlers(answer_recipient_key),
    informing.INFORM_KIND.name: Handlers(answer_inform, inform_view),
}
"""Name of a kind -> its handlers. A kind without a line here is recorded, and shows its detail."""


def handlers_of(kind: str) -> Handlers:
    """The handlers of a kind by its name."""
    return HANDLERS.get(kind, Handlers())
