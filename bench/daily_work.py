"""What runs and officers do to a register all day: each function makes one change, drawn at random."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from afschrift.domain.event import NewEvent, digest
from afschrift.domain.files import Receipt
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
from afschrift.domain.state import TRANSITIONS
from afschrift.register.register import Register

STEP_EVENT = "step_finished"
"""Every finished step is given an event of this type."""


def _open(register: Register, random: Random, requests: list[str]) -> None:
    received = "2026-03-02T09:00:00+01:00"
    case = register.cases.open(b"My data, please.", "mail", received, received)
    keys = (Key("customer_id", f"C-{random.randint(1, 99)}"),)
    limits = random.choice([None, {"tables": ["orders"]}])
    for right in random.sample(list(Right), random.randint(1, 2)):
        request = register.requests.open(
            case, right, received, "UTC", "en", ["csv"], "outbox", keys, (), limits
        )
        requests.append(request.id)


def _move(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        move = random.choice(
            [request for request in TRANSITIONS if request.event in ("acknowledged", "accepted")]
        )
        register.requests.move(request, move.to, NewEvent(move.event, payload={"n": random.randint(1, 9)}))


def _ask(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        about = digest(random.randint(1, 5))
        register.questions.ask(
            request, "unclassified", options=["include", "exclude"], detail={"columns": 1}, about=about
        )


def _answer(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        for question in register.questions.all(request_id=request)[:1]:
            text = random.choice([None, "Weighed with the head of the department."])
            register.questions.answer(
                question.id, random.choice(question.options), "officer", {"rules": ["R32"]}, text
            )


def _decide(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        register.decisions.take(request, "identity", "confirmed", "officer", text="By telephone.")


def _finish(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        name, inputs = random.choice(["assess", "extract"]), digest(random.randint(1, 9))
        event = NewEvent(STEP_EVENT, payload={"step": name, "part": "shop", "inputs": inputs})
        register.steps.finish(request, name, inputs, {"rows": random.randint(0, 9)}, event, part="shop")


def _deliver(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        bundle = digest(random.randint(1, 3))
        begun = register.deliveries.begin(request, "outbox", f"{request}.zip", bundle)
        register.deliveries.arrive(begun.id, Receipt(f"file:///{request}.zip", 9, bundle))


def _change(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        register.requests.change_options(request, formats=random.choice([["csv"], ["json"], ["csv", "json"]]))


def _forget(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        if random.random() < 0.3:
            register.data_keys.shred(request, "retention")


def _write(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        register.cases.add_text(
            request, random.choice(["note", "received", "sent"]), b"They called back.", "officer"
        )


def _document(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        parts = [b"%PDF" * random.randint(1, 9) for _ in range(random.randint(1, 4))]
        register.documents.add(request, parts, "officer", name="proof.pdf", media_type="application/pdf")


def _begin(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        patience = timedelta(minutes=random.choice([0, 10]))  # 0: the run that goes counts as lost
        register.runs.begin(request, f"{request}.{random.randint(1, 3)}", patience, by="officer")


def _end(register: Register, random: Random, requests: list[str]) -> None:
    for request in random.sample(requests, min(1, len(requests))):
        for run in register.runs.all(request_id=request, going=True):
            register.runs.end(request, run.id, "accepted")


def _record(register: Register, random: Random, _requests: list[str]) -> None:
    register.trail.record(None, *(NewEvent("counted", payload={"n": n}) for n in range(random.randint(1, 3))))


WORK = (
    _open,
    _move,
    _move,
    _ask,
    _answer,
    _answer,
    _decide,
    _finish,
    _deliver,
    _change,
    _write,
    _document,
    _begin,
    _begin,
    _end,
    _forget,
    _record,
)
