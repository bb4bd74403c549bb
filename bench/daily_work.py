"""What runs and officers do to a register all day: each function makes one change, drawn at random."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from afschrift.domain.event import NewEvent, digest
from afschrift.domain.files import Receipt
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.register.register import Ledger

STEP_EVENT = "step_finished"
"""Every finished step is given an event of this type."""


def _open(ledger: Ledger, random: Random, requests: list[str]) -> None:
    received = "2026-03-02T09:00:00+01:00"
    case = ledger.open_case(b"My data, please.", "mail", received, received)
    keys = (Key("customer_id", f"C-{random.randint(1, 99)}"),)
    limits = random.choice([None, {"tables": ["orders"]}])
    for right in random.sample(list(Right), random.randint(1, 2)):
        one = ledger.open_request(case, right, received, "UTC", "en", ["csv"], "outbox", keys, (), limits)
        requests.append(one.id)


def _move(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        ledger.move(one, random.choice(list(State)), NewEvent("told", payload={"n": random.randint(1, 9)}))


def _ask(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        about = digest(random.randint(1, 5))
        ledger.ask(one, "unclassified", options=["include", "exclude"], detail={"columns": 1}, about=about)


def _answer(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        for question in ledger.questions(request_id=one)[:1]:
            text = random.choice([None, "Weighed with the head of the department."])
            ledger.answer(question.id, random.choice(question.options), "officer", {"rules": ["R32"]}, text)


def _decide(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        ledger.decide(one, "identity", "confirmed", "officer", text="By telephone.")


def _finish(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        name, inputs = random.choice(["assess", "extract"]), digest(random.randint(1, 9))
        told = NewEvent(STEP_EVENT, payload={"step": name, "part": "shop", "inputs": inputs})
        ledger.finish_step(one, name, inputs, {"rows": random.randint(0, 9)}, told, part="shop")


def _deliver(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        ledger.record_delivery(one, "outbox", Receipt(f"file:///{one}.zip", 9, digest(random.randint(1, 3))))


def _change(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        ledger.change_options(one, formats=random.choice([["csv"], ["json"], ["csv", "json"]]))


def _forget(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        if random.random() < 0.3:
            ledger.shred(one, "retention")
        elif random.random() < 0.1:
            ledger.erase_payloads(one, "retention")


def _write(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        ledger.add_text(one, random.choice(["note", "received", "sent"]), b"They called back.", "officer")


def _document(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        parts = [b"%PDF" * random.randint(1, 9) for _ in range(random.randint(1, 4))]
        ledger.add_document(one, parts, "officer", name="proof.pdf", media_type="application/pdf")


def _begin(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        patience = timedelta(minutes=random.choice([0, 10]))  # 0: the run that goes counts as lost
        ledger.begin_run(one, f"{one}.{random.randint(1, 3)}", patience, by="officer")


def _end(ledger: Ledger, random: Random, requests: list[str]) -> None:
    for one in random.sample(requests, min(1, len(requests))):
        for run in ledger.runs(request_id=one, going=True):
            ledger.end_run(one, run.id, "accepted")


def _record(ledger: Ledger, random: Random, _requests: list[str]) -> None:
    ledger.record(None, *(NewEvent("counted", payload={"n": n}) for n in range(random.randint(1, 3))))


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
