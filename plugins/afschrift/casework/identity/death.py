"""The death of the person whose data it is: the GDPR does not cover them any more (R17, Recital 27).

From the moment that an officer records it the request is closed, so no run and no letter goes on with it.
Whom to write to, and which other law they may use, a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from afschrift.casework.officer import Officer
from afschrift.domain.errors import TooLateError
from afschrift.domain.event import digest
from afschrift.domain.state import State
from afschrift.law.case_facts import Matter, referrals
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.questions.ask import Answers, ask
from afschrift.questions.forms import form
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

DECEASED, ALIVE = OPTIONS = ("deceased", "not_deceased")
RESTS_ON = ("death_certificate", "civil_register", "notary", "court", "family", "public_notice")

DECEASED_KIND = QuestionKind(
    "deceased",
    "A death is reported",
    "Did the person die whose data it is (R17)? No copy of a document is kept (R11).",
    {
        DECEASED: "The request ends, and nothing leaves any more. Then make the letter `person_deceased` to "
        "the representative or the heir, which names the way under other law.",
        ALIVE: "It goes on as a request for a living person.",
    },
    form=form(
        OPTIONS,
        {"rests_on": {"title": "What that rests on", "enum": list(RESTS_ON)}},
        {DECEASED: ("rests_on",)},
    ),
    note="Asked of a message by an heir or about a person who died. `afschrift request deceased` records a "
    "death that becomes known later; another person, a second signer, lifts an error: "
    "`afschrift request not-deceased`.",
)

KINDS = (DECEASED_KIND,)


def require_alive(register: Register, request_id: str) -> None:
    """Return unless the message is about a person who died, and no officer found otherwise.

    Raises:
        NeedsPersonError: an officer must say; the question is in the register.
    """
    case = register.requests.get(request_id).case
    matters = [referral.matter for referral in referrals(register.case_facts.of(case))]
    asked = death_question(request_id)
    if Matter.DECEASED in matters and Answers(register.decisions.of(request_id)).to(asked) is None:
        raise ask(register, request_id, [asked])


def answer_deceased(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer whether the person died; with `deceased` the request ends."""
    officer.still_asked(question)
    if given.choice == ALIVE:
        return officer.record_answer(question, given, ("R17",))
    fact = NewFact(FactKind.DECEASED, detail=given.detail, to=State.PERSON_DECEASED)
    done = officer.record_answer(question, given, ("R17",), lambda _: [fact])
    lies = [row.uri for row in officer.register.deliveries.of(question.request)]
    way = f"`afschrift letter make {question.request} person_deceased`"
    words = f"Nothing leaves any more. Write to the representative or the heir: {way}."
    take_away = f" Take away what lies ready for the person: {', '.join(lies)}." if lies else ""
    return replace(done, next_step=words + take_away)


def lift_death(officer: Officer, request_id: str, text: str | None = None) -> Sequence[Timeline]:
    """Record as second signer that a death was recorded in error; its requests and their clock go on.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they are no second signer, or recorded the death themselves.
        TooLateError: none is recorded.
    """
    register = officer.register
    case = register.requests.get(request_id).case

    def make(timelines: Sequence[Timeline]) -> dict[str, list[NewFact]]:
        ended = [t for t in timelines if t.state is State.PERSON_DECEASED]
        deaths = {t.request: t.of(FactKind.DECEASED)[-1] for t in ended}
        officer.roles.need_another(officer.by, [death.by for death in deaths.values()])
        if not deaths:
            raise TooLateError(
                "No death is recorded that would be in force.",
                remedy="`afschrift request show` says what was recorded. Nothing was changed.",
            )
        return {
            request: [NewFact(FactKind.DECEASED_LIFTED, about=death.id, to=State.NEEDS_PERSON)]
            for request, death in deaths.items()
        }

    with officer.signing(request_id, DECEASED_KIND.name) as authority:
        return register.disputes.record(case, make, officer.by, authority=authority, text=text)


def death_question(request_id: str) -> OpenQuestion:
    """Return the question whether the person of a request died."""
    words = "The message is about a person who died, or a death was reported."
    bound = digest({"kind": DECEASED_KIND.name, "request": request_id})
    return OpenQuestion(DECEASED_KIND, OPTIONS, words, {}, bound=bound)
