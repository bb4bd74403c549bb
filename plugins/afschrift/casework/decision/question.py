"""The question whether a flagged request is fulfilled, and its second signature."""

from __future__ import annotations

from afschrift.law.roles import SIGNS, Role
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.records import DecisionRow, QuestionRow


def signature(decision: DecisionRow, question: QuestionRow) -> OpenQuestion:
    """The question whether a second person signs; `about` is what the decision was about."""
    words = f"A second person signs: {decision.choice} on {decision.detail.get('ground')}."
    detail = {
        "decision": decision.choice,
        "form": {n: v for n, v in decision.detail.items() if n != "second_signer"},
        "flags": question.detail["flags"],
        "words": decision.text,
        "question": question.id,
    }
    return OpenQuestion(DECISION_SIGNED_KIND, SIGNS, words, detail, bound=decision.about)


DECISION_KIND = QuestionKind(
    "decision",
    "Decision on the request",
    "The request was flagged. Is it fulfilled? A flag refuses and charges nothing: a person decides (R48).",
    {
        "fulfil": "The next run goes on.",
        "extend": "The extension is recorded and its letter made (R39). The question comes back without this "
        "choice.",
        "specify": "The letter that asks is made; the clock stands still from its sending (R42).",
        "charge": "The letter with the costs is made. No clock stands still.",
        "refuse": "The letter is made. The request is refused once it is sent (R45).",
        "refuse_part": "These tables and columns are not read, or leave masked. The rest is given.",
        "restrict": "The same on a restriction by law. Where it stays hidden, no letter goes out.",
        "merge": "The request goes on in the earlier one, whose receipt counts (R55).",
    },
    reason=False,
    on_grounds=True,
    note="Each choice but `fulfil` rests on a ground with a form of its own ([grounds.md](grounds.md)). It "
    "shows each flag in a sentence, and the earlier requests that it rests on: right, receipt, outcome, day.",
)

DECISION_SIGNED_KIND = QuestionKind(
    "decision_signed",
    "Second signature",
    "A decision takes a second person. Do you sign it?",
    {
        "agree": "It counts, and its letter is made.",
        "disagree": "It does not count, and is asked for again.",
    },
    Role.SECOND_SIGNER,
    note="It shows who decided what and when, each field of the form with its words, and the letter.",
)

KINDS = (DECISION_KIND, DECISION_SIGNED_KIND)
