"""A walk of what may become of a request: every question, every option, every letter, on real parts.

A box of the graph is a state with what is open in it. From each box that was not seen yet everything that
a user could do is done once, each on a copy of the installation, until nothing new comes of it.
"""

from __future__ import annotations

import re
import shutil
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from testbed.running import drive
from tests.support.days import days_away, local_today
from tests.support.deciding import ROLES, Bureau
from tests.support.ground_forms import GROUNDS, complete
from tests.support.reviewing import BALANCE, CODES

from afschrift.casework.clock import ClockService
from afschrift.casework.decision.answer import letter_again
from afschrift.casework.decision.in_force import request_decisions
from afschrift.casework.disputes import DisputeService
from afschrift.casework.identity.correct_keys import change_keys
from afschrift.casework.identity.death import lift_death
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import kind_named
from afschrift.domain.errors import AfschriftError, GateError, NeedsPersonError
from afschrift.domain.state import State
from afschrift.law.clock.clock import Colour, clock
from afschrift.law.clock.facts import FactKind
from afschrift.law.clock.sending import Sending
from afschrift.law.grounds import Outcome
from afschrift.law.letter import Bounce, LetterState
from afschrift.law.manual_search import NewFile
from afschrift.letters.kinds import AFTER_DEATH
from afschrift.register.records import QuestionRow
from afschrift.wiring.build_services import build

WRITTEN = {"1": 1, "2": 4}
"""Customer number -> a message that this customer wrote."""
ENDING = (FactKind.DECIDED, FactKind.ANSWER_READY)
FORMS: dict[tuple[str, str], dict[str, Any]] = {
    ("identity", "confirmed"): {"method": "call_back", "level": "high"},
    ("identity", "not_confirmed"): {"doubt": "unknown_sender"},
    ("minor", "answer_child"): {"reason": "able_to_decide"},
    ("mandate", "not_proven"): {"lacking": "authority"},
    ("mandate", "proven"): {
        "kind": "parental_authority",
        "checked_on": str(days_away(-2).date()),
        "scope": "both",
        "identity_checked": "eid",
        "answer_to": "representative",
        "answer_by": "post",
        "secrecy": "care",
    },
    ("deceased", "deceased"): {"rests_on": "civil_register"},
    ("manual", "not_searched"): {"reason": "unavailable"},
    ("source_down", "partial"): {"rest_by": str(days_away(9).date())},
    ("tell_person", "make_letter"): {"available_until": str(days_away(20).date())},
    ("tell_person", "told"): {"channel": "by_hand", "proof": "receipt-1"},
}
"""What an option needs besides itself."""


@dataclass(frozen=True)
class Box:
    """A state, what is asked in it, and the letters whose sending would end the request, or did."""

    state: str
    questions: tuple[str, ...]
    letters: tuple[str, ...]

    @property
    def words(self) -> str:
        return "<br>".join(
            [
                f"<b>{self.state}</b>",
                *(f"? {question}" for question in self.questions),
                *(f"letter {letter}" for letter in self.letters),
            ]
        )


@dataclass
class Place:
    bureau: Bureau
    home: Path
    request: str

    def copied(self, to: Path) -> Place:
        shutil.copytree(self.home, to)
        settings = type(self.bureau.settings).from_environment(
            {"AFSCHRIFT_HOME": str(to), "AFSCHRIFT_INVENTORY": str(self.bureau.settings.inventory)}
        )
        return Place(Bureau(settings, build(lambda _line: None, settings)), to, self.request)

    @property
    def box(self) -> Box:
        register = self.bureau.register
        timeline = register.facts.timeline(self.request)
        closing = {fact.id for fact in timeline.facts if fact.kind in ENDING and timeline.closed_by(fact)}
        waiting = LetterState.PRODUCED if timeline.state.open else LetterState.SENT
        if not timeline.state.open:
            closing = {timeline.ended_by.id} if timeline.ended_by else set()
        letters = register.letters.all(request_id=self.request, states=[waiting])
        asked = register.questions.all(request_id=self.request)
        return Box(
            register.requests.get(self.request).state,
            tuple(sorted({self._asked(question) for question in asked})),
            tuple(sorted({row.kind for row in letters if row.fact in closing or row.kind in AFTER_DEATH})),
        )

    def _asked(self, question: QuestionRow) -> str:
        if question.kind != "decision_signed":
            return question.kind
        last = request_decisions(self.bureau.register, self.request)[-1]
        return f"{question.kind} ({last.outcome})"

    def run(self) -> None:
        try:
            drive(self.bureau.services, self.request)
        except (NeedsPersonError, GateError):
            return
        except AfschriftError as error:
            raise AssertionError(f"a run that no answer helps: {error}") from error

    def officer(self, by: str = "cli:anna") -> Officer:
        return Officer(self.bureau.register, ROLES, by, settings=self.bureau.settings)

    @property
    def clocks(self) -> ClockService:
        officer = self.officer()
        return ClockService(officer, officer.jurisdiction)


Act = Callable[[Place], None]


@dataclass
class Walk:
    edges: dict[tuple[Box, Box], list[str]] = field(default_factory=dict)
    boxes: list[Box] = field(default_factory=list)
    turned_down: dict[str, str] = field(default_factory=dict)

    def stuck(self, known: Collection[Box] = ()) -> list[Box]:
        """Boxes from which no way leads to an end but that the person withdraws; `known`: others have one."""
        fine = {box for box in self.boxes if ends(box) and box.state != State.WITHDRAWN} | set(known)
        while more := {a for a, b in self.edges if b in fine and a not in fine}:
            fine |= more
        return [box for box in self.boxes if box not in fine]

    def edge_labels(self) -> set[tuple[str, str, str]]:
        """Its edges: from which box to which, and by what, as `edges_in` finds them in a graph."""
        return {
            (a.words, b.words, label) for (a, b), labels in self.edges.items() if a != b for label in labels
        }

    def lines(self) -> Iterator[str]:
        numbers = {box: f"b{n}" for n, box in enumerate(self.boxes)}
        yield "```mermaid"
        yield "flowchart TD"
        for box, number in numbers.items():
            yield f'  {number}(["{box.words}"])' if ends(box) else f'  {number}["{box.words}"]'
        for (a, b), labels in self.edges.items():
            if a != b:
                yield f'  {numbers[a]} -->|"{"<br>".join(labels)}"| {numbers[b]}'
        yield "```"


def edges_in(graph: str) -> set[tuple[str, str, str]]:
    words = {
        number: text for number, _, text in re.findall(r'^  (b\d+)(\(\[|\[)"(.*?)"', graph, re.MULTILINE)
    }
    return {
        (words[a], words[b], part)
        for a, labels, b in re.findall(r'^  (b\d+) -->\|"(.*?)"\| (b\d+)$', graph, re.MULTILINE)
        for part in labels.split("<br>")
    }


def ends(box: Box) -> bool:
    return not State(box.state).open


def walk(start: Place, folder: Path, known: Collection[Box] = ()) -> Walk:
    """Walk from where a request is to everything that may become of it; at boxes that are `known` it ends."""
    found, numbers = Walk(), iter(range(1_000_000))
    found.boxes.append(start.box)
    queue = deque([start])
    while queue:
        here = queue.popleft()
        box = here.box
        watched(here)
        for label, act in acts(here):
            there = here.copied(folder / f"at{next(numbers)}")
            try:
                act(there)
            except AfschriftError as error:
                found.turned_down.setdefault(label, str(error))
                shutil.rmtree(there.home)
                continue
            after = there.box
            labels = found.edges.setdefault((box, after), [])
            if label not in labels:
                labels.append(label)
            if after in found.boxes:
                shutil.rmtree(there.home)
                continue
            found.boxes.append(after)
            if after in known:
                shutil.rmtree(there.home)
            else:
                queue.append(there)
    return found


def watched(place: Place) -> None:
    """Time passes: an open request becomes overdue, unless its clock is suspended; a closed one does not."""
    timeline = place.bureau.register.facts.timeline(place.request)
    later = clock(timeline, place.clocks.jurisdiction, local_today() + timedelta(days=400))
    assert (later.colour in (Colour.RED, Colour.BLUE)) is timeline.state.open


def acts(place: Place) -> Iterator[tuple[str, Act]]:
    """Everything that a user could do now, with its label."""
    register = place.bureau.register
    state = register.requests.get(place.request).state
    questions = register.questions.all(request_id=place.request)
    if state.open and all(not kind_named(question.kind).runs for question in questions):
        yield "a run", Place.run
    for question in questions:
        yield from answers(place, question)
    for letter in register.letters.all(request_id=place.request):
        if letter.state is LetterState.PRODUCED:
            yield f"{letter.kind} sent", lambda p, id_=letter.id: p.bureau.send(id_)
        elif letter.state is LetterState.SENT and not state.open:
            yield f"{letter.kind} came back", partial(came_back, letter=letter.id)
        elif letter.state is LetterState.BOUNCED and state is State.NEEDS_PERSON:
            yield (
                f"{letter.kind} made anew",
                lambda p, id_=letter.id: _nothing(letter_again(p.officer(), id_)),
            )
    if state.to_inform:
        yield "handed over", lambda p: _nothing(p.clocks.inform(p.request, posted()))
    if "identity" in [q.kind for q in questions] and not register.identities.of(place.request):
        yield "keys entered, identity: confirmed", keys_entered
    if state is State.PERSON_DECEASED:
        yield "person_deceased made and sent", to_survivors
        yield "death lifted", lifted
    if not state.open and state is not State.PERSON_DECEASED:
        yield "complaint upheld", complaint
    elif state.open and not questions:
        yield "withdrawn", lambda p: _nothing(p.clocks.withdraw(p.request, "email"))


def posted() -> Sending:
    return Sending(local_today(), "registered_post", "3SABC123")


def _nothing(_: object) -> None:
    """An act gives nothing back."""


def came_back(place: Place, letter: str) -> None:
    place.bureau.register.outbox.enter_bounce(letter, local_today(), Bounce.NOT_COLLECTED, "cli:anna")
    place.run()


def complaint(place: Place) -> None:
    """An authority upholds a complaint: the request ended wrongly."""
    disputes = DisputeService(place.officer())
    disputes.complain(place.request, "authority", "z1", local_today())
    disputes.end_complaint(place.request, "z1", "upheld", reopen=True)
    place.run()


def to_survivors(place: Place) -> None:
    made = make(place.officer(), place.request, "person_deceased", {"other_way": ["estate"]}).letter
    assert made is not None
    place.bureau.send(made.id)


def keys_entered(place: Place) -> None:
    change_keys(place.officer(), place.request, {"customer_id": "1"})
    [asked] = [
        q for q in place.bureau.register.questions.all(request_id=place.request) if q.kind == "identity"
    ]
    answer(place, asked, "confirmed", None, runs=True)


def lifted(place: Place) -> None:
    lift_death(place.officer("airflow:sam"), place.request)
    place.run()


def answers(place: Place, question: QuestionRow) -> Iterator[tuple[str, Act]]:
    """Each option of a question, a decision with each of its grounds; a run follows where one would."""
    kind = kind_named(question.kind)
    for choice in question.options:
        for code in grounds(place, question, choice):
            label = f"{question.kind}: {choice}" + (f" ({code})" if code else "")
            yield label, partial(answer, question=question, choice=choice, code=code, runs=kind.runs)


def grounds(place: Place, question: QuestionRow, choice: str) -> Iterator[str | None]:
    """The grounds on which a choice may rest."""
    if question.kind != "decision" or choice == "fulfil":
        yield None
        return
    right = place.bureau.register.requests.get(place.request).right
    for code, ground in GROUNDS.grounds.items():
        if Outcome(choice) in ground.outcomes and right in ground.rights:
            yield code


def answer(place: Place, question: QuestionRow, choice: str, code: str | None, runs: bool) -> None:
    given: dict[str, Any] = dict(FORMS.get((question.kind, choice), {}))
    if choice == "told":
        given["on"] = local_today().isoformat()
    by = "airflow:sam" if question.role == "second_signer" else "cli:anna"
    if question.kind == "decision":
        given = forms_of_grounds(place).get(str(code), {})
        place.bureau.answer(question, choice, code, by=by, **given)
    else:
        from afschrift.casework.answer import answer_question

        content = b"A letter of 2021."
        file = NewFile("letter.txt", "text/plain", len(content), sha256(content).hexdigest(), [content])
        texts: dict[str, Any] = {}
        if choice == "redact":
            [key] = place.bureau.register.identities.of(place.request)
            line = f"shop.ticket_message id={WRITTEN[key.value]} body 0:4 rights_of_others"
            given, texts = CODES, {"redactions": [line], **BALANCE}
        answer_question(
            place.officer(by),
            question.id,
            choice,
            detail=given,
            text="Because it is so.",
            files=[file] if choice == "given" else [],
            texts=texts,
        )
    if runs and place.bureau.register.requests.get(place.request).state.open:
        place.run()


def forms_of_grounds(place: Place) -> dict[str, dict[str, Any]]:
    """What a ground needs of this request, beside the table's examples."""
    first = place.bureau.register.requests.all()[0].id
    in_days = {days: (local_today() + timedelta(days=days)).isoformat() for days in (50, 60)}
    return {
        "overlap": {"earlier": first},
        "further_copy": {"earlier": first},
        "complexity": {"needed_until": in_days[60]},
        "restriction": {"review_on": in_days[50]},
        "persons_wish": {"quote": "Please send me my data."},
        "manifestly_excessive": complete("manifestly_excessive", Outcome.REFUSE, first_request=True),
    }
