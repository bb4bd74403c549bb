"""All kinds of questions. Each subject declares its own and has one line here."""

from __future__ import annotations

from afschrift.casework import retention
from afschrift.casework.columns import question as columns
from afschrift.casework.decision import question as decision
from afschrift.casework.delivery import recipient_key
from afschrift.casework.identity import accounts, breach, death
from afschrift.casework.identity import question as identity
from afschrift.casework.informing import question as informing
from afschrift.casework.intake import not_received
from afschrift.casework.manual import question as manual
from afschrift.casework.partial_response import question as partial_response
from afschrift.casework.review import question as review
from afschrift.questions.kind import QuestionKind

SUBJECTS = (
    *(identity, accounts, death, decision, not_received, columns),
    *(retention, review, manual, partial_response, informing, breach, recipient_key),
)

KINDS: dict[str, QuestionKind] = {kind.name: kind for subject in SUBJECTS for kind in subject.KINDS}


def kind_named(name: str) -> QuestionKind:
    """A kind by its name; a kind of an earlier version gets a title made of its name."""
    words = name.replace("_", " ")
    return KINDS.get(name) or QuestionKind(name, words[:1].upper() + words[1:], "", {})
