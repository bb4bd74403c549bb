"""A letter that left on a mandate that was over: a possible personal data breach (Art. 33)."""

from __future__ import annotations

from datetime import date

from afschrift.casework.identity.confirmed import mandate_decision, mandate_is_over
from afschrift.casework.identity.question import PROVEN
from afschrift.law.clock.facts import FactKind
from afschrift.law.letter import LetterRow
from afschrift.questions.ask import Answers, ask
from afschrift.questions.forms import form
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.register import Register

OPTIONS = ("notified", "no_risk", "no_breach")

BREACH_KIND = QuestionKind(
    "possible_breach",
    "An answer went out on a mandate that was over",
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
    note="`afschrift letter sent` asks it, and enters the sending once it is answered.",
)

KINDS = (BREACH_KIND,)


def require_no_breach(register: Register, letter: LetterRow, on: date) -> None:
    """Return unless an answer left on a day on which its mandate was over, and no officer judged that.

    Raises:
        NeedsPersonError: an officer must judge it; the question is in the register.
    """
    timeline, last = register.facts.timeline(letter.request), mandate_decision(register, letter.request)
    answers = [fact.id for fact in timeline.of(FactKind.ANSWER_READY, FactKind.PARTLY_DELIVERED)]
    if last is None or letter.fact not in answers or not mandate_is_over(register, letter.request, on):
        return
    if last.choice != PROVEN and timeline.local(last.at) > on:  # it was taken back after the letter left
        return
    words = f"Letter {letter.id} left on {on} on a mandate that was over: a possible breach (Art. 33)."
    asked = OpenQuestion(BREACH_KIND, OPTIONS, words, {"letter": letter.id}, bound=letter.id)
    if Answers(register.decisions.of(letter.request)).to(asked) is None:
        raise ask(register, letter.request, [asked])
