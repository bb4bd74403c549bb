"""The questions about a packed bundle, and what is redacted in it."""

from __future__ import annotations

from afschrift.casework.review.redactions_in_force import to_sign
from afschrift.law.roles import SIGNS, Role
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.records import DecisionRow, QuestionRow


def signature(decision: DecisionRow, _question: QuestionRow | None = None) -> OpenQuestion:
    """The question whether a second person signs what was redacted."""
    detail = to_sign(decision)
    words = f"A second person signs a redaction on {', '.join(detail['grounds'])}."
    return OpenQuestion(REVIEW_SIGNED_KIND, SIGNS, words, detail)


REVIEW_KIND = QuestionKind(
    "review",
    "Review of the bundle",
    "The bundle is packed. May it go as it is? The answer holds for this very bundle.",
    {
        "approved": "It is delivered by the next run.",
        "redact": "What the lines name is masked and the bundle packed anew; that one is reviewed too.",
        "hold_back": "Nothing is delivered. Say why.",
    },
    on_grounds=True,
    note="`why` says why it is asked, `tables` how many rows of each go ([below](#what-will-be-sent)).",
)

REVIEW_SIGNED_KIND = QuestionKind(
    "review_signed",
    "Second signature on a redaction",
    "A redaction takes a second person. Do you sign it?",
    {
        "agree": "It is masked, and the bundle is packed anew.",
        "disagree": "Nothing is masked, and the review is asked for again.",
    },
    Role.SECOND_SIGNER,
    note="Until then nothing leaves and no other review is taken, whatever is packed meanwhile. It shows who "
    "redacted what and when, each line, its ground and the words.",
)

REDACTION_LOST = QuestionKind(
    "redaction_lost",
    "A redacted text has changed",
    "What was redacted has changed at its source since, or is gone.",
    {
        "review_again": "These redactions fall away, and the new bundle is reviewed.",
    },
)

KINDS = (REVIEW_KIND, REVIEW_SIGNED_KIND, REDACTION_LOST)
