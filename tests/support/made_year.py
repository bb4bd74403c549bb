"""A year of requests of every kind, drawn by a seed and written by the register's own repositories."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from afschrift.domain.event import NewEvent
from afschrift.domain.keys import Key
from afschrift.domain.request import new_id
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, FactRow, NewFact
from afschrift.law.letter import NewLetter, SendingChannel
from afschrift.register.outbox import Proof
from afschrift.register.register import Register

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
CHANNELS = ("portal", "mail", "post", "desk")
GROUNDS = ("manifestly_excessive", "rights_of_others", "trade_secret")
ENDS = (
    *("answered",) * 9,
    *("refused", "refused", "nothing_held", "nothing_portable", "withdrawn", "parts", "open", "open"),
)


@dataclass
class Year:
    """Writes the requests of a year; the register's clock goes along."""

    register: Register
    dice: random.Random

    def fill(self, number: int) -> list[str]:
        """So many requests, received in 2025, and three of before that are open."""
        clock = self.register.store.clock
        try:
            with self.register.write_together():
                for before in (3, 40, 200):
                    self._one(FIRST - timedelta(before), "open")
                return [
                    self._one(FIRST + timedelta(self.dice.randrange(365)), self.dice.choice(ENDS))
                    for _ in range(number)
                ]
        finally:
            self.register.store.clock = clock

    def _at(self, day: date, hour: int = 9) -> None:
        self.register.store.clock = lambda: datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    def _one(self, day: date, end: str) -> str:
        dice, register = self.dice, self.register
        right = dice.choice([Right.ACCESS, Right.ACCESS, Right.PORTABILITY])
        self._at(day)
        at = f"{day}T{dice.choice(('00:30', '09:00', '22:45'))}:00.000000Z"
        case = register.cases.open(b"Please.", dice.choice(CHANNELS), at, at)
        keys = [Key("customer_id", str(dice.randrange(9_999)))]
        request = register.requests.open(
            case, right, at, "Europe/Amsterdam", "nl", ["csv"], "outbox", keys, verified_by="portal"
        ).id
        self._letter(request, "acknowledgement", day + timedelta(dice.randrange(4)))
        for _ in self._between(request, day):
            pass
        getattr(self, f"_{end}")(request, day + timedelta(dice.randrange(5, 60)))
        if dice.random() < 0.06:
            self._complaint(request, day + timedelta(70))
        return request

    def _between(self, request: str, day: date) -> Iterator[None]:
        dice, register = self.dice, self.register
        register.decisions.take(
            request,
            "identity",
            "confirmed",
            "cli:anna",
            detail={"method": dice.choice(["eid", "login", "counter"])},
        )
        if dice.random() < 0.1:
            doubt = {"ground": "identity", "doubt": dice.choice(["other_address", "keys_disagree"])}
            ground = dice.choice([doubt, {"ground": "specification", "overview": True}])
            self._announced(request, NewFact(FactKind.SUSPENDED, detail=ground), day + timedelta(3))
            asked = next(f for f in register.facts.timeline(request).facts if f.kind is FactKind.SUSPENDED)
            if dice.random() < 0.7:
                resumed = NewFact(FactKind.RESUMED, day + timedelta(dice.randrange(4, 20)), about=asked.id)
                self._fact(request, resumed)
        if dice.random() < 0.15:
            extension = NewFact(FactKind.EXTENDED, detail={"reasons": ["rights_of_others"]})
            if dice.random() < 0.2:
                self._fact(request, extension)
            else:
                self._announced(request, extension, day + timedelta(dice.choice((20, 25, 40))))
        for outcome in ("refuse_part", "charge", "restrict"):
            if dice.random() < 0.04:
                detail = {"outcome": outcome, "ground": dice.choice(GROUNDS)}
                self._announced(request, NewFact(FactKind.DECIDED, detail=detail), day + timedelta(4))
        if dice.random() < 0.05:
            detail = {"grounds": {dice.choice(GROUNDS): {}}, "cells": 1, "spans": 0, "columns": {}}
            register.decisions.take(request, "review", "redact", "cli:anna", detail=detail)
        if dice.random() < 0.03:
            register.decisions.take(
                request, "manual", "not_searched", "cli:bea", detail={"reason": "unavailable"}
            )
        if dice.random() < 0.03:
            self._fact(request, NewFact(FactKind.MISDELIVERED, instant=f"{day}T12:00:00Z", detail={}))
        yield

    def _fact(self, request: str, *facts: NewFact) -> FactRow:
        return self.register.facts.record(request, lambda _: facts, "cli:anna").facts[-1]

    def _announced(self, request: str, fact: NewFact, on: date, to: State | None = None) -> None:
        self._at(on, 10)
        sent = NewFact(FactKind.LETTER_SENT, on, channel="post", proof="3S1", to=to)
        self._fact(request, fact, sent)
        if self.dice.random() < 0.02 and to is None:
            about = self.register.facts.timeline(request).facts[-2].id
            self._fact(request, NewFact(FactKind.LETTER_BOUNCED, about=about))

    def _letter(self, request: str, kind: str, on: date) -> None:
        letter = self.register.letters.produce(
            NewLetter(new_id("let"), request, kind, "nl", b"Subject: x\r\n\r\ny", request.encode()),
            "cli:anna",
        )
        if self.dice.random() < 0.9:
            self._at(on)
            proof = Proof("p.txt", "text/plain", (b"sent",))
            channel = self.dice.choice([SendingChannel.POST, SendingChannel.EMAIL])
            self.register.outbox.enter_sending(letter.id, on, channel, proof, "cli:anna")

    def _ready(self, request: str, state: str, on: date, *more: NewFact) -> None:
        self._at(on, 8)
        self.register.requests.move(request, State.ACCEPTED, NewEvent("accepted"))
        ready = NewFact(FactKind.ANSWER_READY, detail={"state": state}, to=State(state))
        end = {"ready": State.DELIVERED}.get(state) or State(f"answered_{state}")
        self._fact(request, *more, ready)
        ids = [f.id for f in self.register.facts.timeline(request).to_inform]
        sent = [NewFact(FactKind.HANDED_OVER, on, about=i, channel="by_hand", proof="r1") for i in ids]
        if state != "ready":
            sent = [NewFact(FactKind.LETTER_SENT, on, about=i, channel="post", proof="r1") for i in ids]
        sent[-1] = NewFact(**{**vars(sent[-1]), "to": end})
        self._fact(request, *sent)

    def _answered(self, request: str, on: date) -> None:
        self._ready(request, "ready", on)

    def _nothing_held(self, request: str, on: date) -> None:
        self._ready(request, "nothing_held", on)

    def _nothing_portable(self, request: str, on: date) -> None:
        self._ready(request, "nothing_portable", on)

    def _parts(self, request: str, on: date) -> None:
        part = NewFact(FactKind.PARTLY_DELIVERED, on, detail={"later": []})
        self._ready(request, "ready", on, part)

    def _refused(self, request: str, on: date) -> None:
        detail: dict[str, Any] = {"outcome": "refuse", "ground": self.dice.choice(GROUNDS)}
        self._announced(request, NewFact(FactKind.DECIDED, detail=detail), on, State.REFUSED)

    def _withdrawn(self, request: str, on: date) -> None:
        self._at(on)
        self._fact(request, NewFact(FactKind.WITHDRAWN, on, channel="portal", to=State.WITHDRAWN))

    def _open(self, request: str, on: date) -> None:
        if self.dice.random() < 0.5:
            kind = self.dice.choice(["manual", "decision", "review"])
            self.register.questions.ask(request, kind, options=["a"], detail={"n": request})

    def _complaint(self, request: str, on: date) -> None:
        self._at(on)
        by = self.dice.choice(["person", "authority"])
        made = self._fact(request, NewFact(FactKind.COMPLAINED, on, proof="K-1", detail={"from": by}))
        if self.dice.random() < 0.5:
            ended = {"outcome": self.dice.choice(["rejected", "withdrawn"])}
            self._fact(request, NewFact(FactKind.COMPLAINT_ENDED, on, about=made.id, detail=ended))
