"""The question whether a second person signs that a message counts as not received (R03)."""

from __future__ import annotations

from afschrift.law.roles import Role
from afschrift.questions.kind import QuestionKind

NOT_RECEIVED = "not_received"


NOT_RECEIVED_KIND = QuestionKind(
    "not_received",
    "Second signature: not received",
    "An officer finds that a message to an address not meant for it counts as not received (R03). "
    "Do you sign that?",
    {
        "agree": "It counts as not received. Nothing is deleted.",
        "disagree": "It counts as received on the day on which it came.",
    },
    Role.SECOND_SIGNER,
    note="With `agree` the requests of the case end. It shows who found it and when, what they wrote, and "
    "these requests.",
)

KINDS = (NOT_RECEIVED_KIND,)
