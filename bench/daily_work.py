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
        one = register.requests.open(case, right, received, "UTC", "en", ["csv"], "outbox", keys, (), limits)
        requests.append(one.id)


def _move(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        move = random.choice([one for one in TRANSITIONS if one.event in ("acknowledged", "accepted")])
        register.requests.move(one, move.to, NewEvent(move.event, payload={"n": random.randint(1, 9)}))


def _ask(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        about = digest(random.randint(1, 5))
        register.questions.ask(
            one, "unclassified", options=["include", "exclude"], detail={"columns": 1}, about=about
        )


def _answer(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        for question in register.questions.all(request_id=one)[:1]:
            text = random.choice([None, "Weighed with the head of the department."])
            register.questions.answer(
                question.id, random.choice(question.options), "officer", {"rules": ["R32"]}, text
            )


def _decide(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        register.decisions.take(one, "identity", "confirmed", "officer", text="By telephone.")


def _finish(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        name, inputs = random.choice(["assess", "extract"]), digest(random.randint(1, 9))
        told = NewEvent(STEP_EVENT, payload={"step": name, "part": "shop", "inputs": inputs})
        register.steps.finish(one, name, inputs, {"rows": random.randint(0, 9)}, told, part="shop")


def _deliver(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        register.deliveries.record(
            one, "outbox", Receipt(f"file:///{one}.zip", 9, digest(random.randint(1, 3)))
        )


def _change(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        register.requests.change_options(one, formats=random.choice([["csv"], ["json"], ["csv", "json"]]))


def _forget(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        if random.random() < 0.3:
            register.data_keys.shred(one, "retention")


def _write(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        register.cases.add_text(
            one, random.choice(["note", "received", "sent"]), b"They called back.", "officer"
        )


def _document(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        parts = [b"%PDF" * random.randint(1, 9) for _ in range(random.randint(1, 4))]
        register.documents.add(one, parts, "officer", name="proof.pdf", media_type="application/pdf")


def _begin(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        patience = timedelta(minutes=random.choice([0, 10]))  # 0: the run that goes counts as lost
        register.runs.begin(one, f"{one}.{random.randint(1, 3)}", patience, by="officer")


def _end(register: Register, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        for run in register.runs.all(request_id=one, going=True):
            register.runs.end(one, run.id, "accepted")


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
