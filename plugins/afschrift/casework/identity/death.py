"""The death of the person whose data it is: the GDPR does not cover them any more (R17, Recital 27).

From the moment that an officer records it the request is closed, so no run and no letter goes on with it.
Whom to write to, and which other law they may use, a person decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.delivery.removing import freeze
from afschrift.casework.officer import Officer
from afschrift.domain.errors import TooLateError
from afschrift.domain.event import digest
from afschrift.domain.state import State
from afschrift.law.case_facts import Matter, referrals
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.questions.ask import Answers, ask, put
from afschrift.questions.forms import form
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion, QuestionKind
from afschrift.register.deliveries import REVOKED
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
    note="Asked of a message by an heir or about a person who died, and of every request of a person whose "
    "death was recorded in another one. `afschrift request deceased` records a "
    "death that becomes known later; another person, a second signer, lifts an error: "
    "`afschrift request not-deceased`.",
)

KINDS = (DECEASED_KIND,)


def require_alive(register: Register, request_id: str, names: Collection[str]) -> None:
    """Return unless the person may have died, and no officer found otherwise.

    They may where the message says so, or a death is recorded in another request of the same person.

    Args:
        register: of the installation.
        request_id: the request.
        names: identity keys that belong to one person alone.

    Raises:
        NeedsPersonError: an officer must say; the question is in the register.
    """
    case = register.requests.get(request_id).case
    matters = [referral.matter for referral in referrals(register.case_facts.of(case))]
    asked = [death_question(request_id)] if Matter.DECEASED in matters else []
    for other in register.identities.of_person(request_id, names):
        timeline = register.facts.timeline(other)
        if timeline.state is State.PERSON_DECEASED:
            asked.append(death_question(request_id, timeline.of(FactKind.DECEASED)[-1]))
    answers = Answers(register.decisions.of(request_id))
    if pending := [question for question in asked if answers.to(question) is None]:
        raise ask(register, request_id, pending[:1])


def answer_deceased(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer whether the person died; with `deceased` the request ends and its files go."""
    officer.still_asked(question)
    if given.choice == ALIVE:
        return officer.record_answer(question, given, ("R17",))
    fact = NewFact(FactKind.DECEASED, detail=given.detail, to=State.PERSON_DECEASED)
    done = officer.record_answer(question, given, ("R17",), lambda _: [fact])
    _ask_elsewhere(officer, question.request)
    for each in officer.register.cases.get(officer.register.requests.get(question.request).case).requests:
        freeze(officer, each, REVOKED, State.PERSON_DECEASED)
    way = f"`afschrift letter make {question.request} person_deceased`"
    words = f"Nothing leaves any more. Write to the representative or the heir: {way}."
    return replace(done, next_step=words)


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


def _ask_elsewhere(officer: Officer, request_id: str) -> None:
    """Stop the open requests of the same person in other cases, until an officer says whether they died."""
    register = officer.register
    [*_, death] = register.facts.timeline(request_id).of(FactKind.DECEASED)
    case = register.requests.get(request_id).case
    for other in register.identities.of_person(request_id, own_keys(officer.inventory)):
        found = register.requests.get(other)
        if found.state.open and found.case != case:
            put(register, other, death_question(other, death))


def death_question(request_id: str, elsewhere: FactRow | None = None) -> OpenQuestion:
    """The question whether the person of a request died; `elsewhere`: a death recorded in another request."""
    about = {"kind": DECEASED_KIND.name, "request": request_id}
    if elsewhere is None:
        words = "The message is about a person who died, or a death was reported."
        return OpenQuestion(DECEASED_KIND, OPTIONS, words, {}, bound=digest(about))
    words = f"The person of this request may be the one whose death was recorded in {elsewhere.request}."
    detail = {"recorded_in": elsewhere.request}
    return OpenQuestion(DECEASED_KIND, OPTIONS, words, detail, bound=digest(about | {"death": elsewhere.id}))
