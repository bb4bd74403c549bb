"""What is shown to whoever tells the person: which answer is ready, whom it goes to, and the letter."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.casework.identity.question import MANDATE
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.casework.telling.by_mail import verified_address
from afschrift.domain.errors import AfschriftError, FormError
from afschrift.domain.instants import on_the_wall
from afschrift.law.clock.facts import Timeline
from afschrift.letters.elements import ELEMENTS
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section
from afschrift.questions.words import said
from afschrift.register.records import QuestionRow


def tell_person(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The answer, who receives it, and the letter as far as it can be made."""
    timeline = officer.register.facts.timeline(question.request)
    ready = next((one for one in timeline.facts if one.id == question.detail["answer"]), None)
    if ready is None:
        return (NOTHING_KEPT,)
    answer = [Line("Ready since", on_the_wall(ready.at, timeline.zone))]
    for one in officer.register.deliveries.of(question.request):
        if one.sha256 == ready.detail.get("bundle"):
            answer += [Line("The bundle lies at", one.uri), Line("Bytes", str(one.bytes))]
    letter = str(question.detail["letter"])
    return (
        Section("The answer", tuple(answer)),
        Section("Whom to tell", tuple(_recipient(officer, timeline))),
        Section("The letter", tuple(_letter(officer, question.request, letter))),
    )


def _recipient(officer: Officer, timeline: Timeline) -> Iterator[Line]:
    register, request = officer.register, timeline.request
    made_by = register.requests.made_by(request)
    if made_by != "self":
        yield Line("Who asked", said(made_by))
        mandates = [one.detail for one in register.decisions.of(request) if one.kind == MANDATE]
        for name in ("answer_to", "answer_by"):
            if mandates and name in mandates[-1]:
                yield Line(said(name), said(str(mandates[-1][name])))
        return
    address = verified_address(register, request)
    if address is None:
        yield Line("E-mail address", "none that is sure: it was not authenticated, or there are several")
    else:
        yield Line("E-mail address", address, Kept.MASKED)


def _letter(officer: Officer, request: str, kind: str) -> Iterator[Line]:
    yield Line("Letter", said(kind))
    try:
        made = make(officer, request, kind, {}, keep=False)
    except FormError as error:
        lacking = [ELEMENTS[name].help for name in error.fields if name in ELEMENTS]
        yield Line("What you add", "; ".join(lacking) or str(error))
        return
    except AfschriftError as error:
        yield Line("What hinders it", str(error))
        return
    yield Line("Subject", made.text.subject, Kept.ROLE)
    yield Line("Text", made.text.text, Kept.ROLE)
