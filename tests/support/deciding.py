"""A request before an officer and a second signer, in an installation over the small shop."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed import mini, small
from testbed.running import installation, store
from tests.support.days import days_away, local_today
from tests.support.ground_forms import GROUNDS, complete, in_trail
from tests.support.moves import moved

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question, look
from afschrift.casework.clock import ClockService
from afschrift.casework.letters.due_letters import letters_due
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, NeedsPersonError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.law.grounds import Outcome
from afschrift.law.letter import SendingChannel
from afschrift.law.roles import Person, Role, Roles
from afschrift.questions.kind import Answered
from afschrift.questions.view import Section
from afschrift.register.outbox import Proof
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.wiring.build_services import build

ANN = {"customer_id": "1"}
FILES = {"where": "https://portal.example", "available_until": "2030-01-01"}
"""What an officer adds to the letter about an answer."""


def mandate(**more: str) -> dict[str, str]:
    """The form by which an officer finds a mandate proven."""
    form = {"kind": "written_mandate", "checked_on": str(days_away(-2).date()), "scope": "both"}
    return form | {"identity_checked": "eid", "answer_to": "representative", "answer_by": "post"} | more


def _person(name: str, *roles: Role, deputies: frozenset[str] = frozenset()) -> Person:
    accounts = frozenset({f"airflow:{name}", f"cli:{name}"})
    return Person(name, accounts, frozenset(roles), deputies=deputies)


ROLES = Roles(
    (
        _person("anna", Role.OFFICER, Role.SECOND_SIGNER, deputies=frozenset({"vera"})),
        _person("vera", Role.OFFICER),
        _person("otto", Role.OFFICER),
        _person("sam", Role.SECOND_SIGNER),
        _person("dirk", Role.DPO),
        _person("ada", Role.AUDITOR),
        _person("ivo", Role.INTAKE),
    )
)


def place_shop(folder: Path, patch: pytest.MonkeyPatch, *, all_tables: bool) -> Settings:
    """Write inventory and database below a folder, and point the environment to them."""
    inventory, database = folder / "inventory", folder / small.FILE
    if all_tables:
        mini.write_inventory(inventory, mini.SQLITE_SHOP)
        mini.write_database(database)
    else:
        small.write_inventory(inventory)
        small.write_database(database)
    patch.setenv("MINI_SHOP", str(database))
    patch.setenv("AFSCHRIFT_HOME", str(folder / "home"))
    patch.setenv("AFSCHRIFT_INVENTORY", str(inventory))
    return Settings.from_environment()


@dataclass
class Bureau:
    """An installation with people who decide."""

    settings: Settings
    services: Services

    @classmethod
    def open(cls, folder: Path, patch: pytest.MonkeyPatch, *, all_tables: bool = False) -> Bureau:
        """Set up below a folder, on the small shop or on one with all tables of the mini shop."""
        settings = place_shop(folder, patch, all_tables=all_tables)
        return cls(settings, installation(settings.home, settings.inventory))

    def execute(self, *statements: str) -> None:
        small.execute(Path(os.environ["MINI_SHOP"]), *statements)

    @property
    def register(self) -> Register:
        return self.services.register

    def store(
        self, right: str = "access", keys: dict[str, str] | None = None, days: int = 1, **more: Any
    ) -> str:
        """Store a request of a person whose identity is confirmed."""
        received = (utc_now() - timedelta(days=days)).isoformat()
        return store(self.services, ANN if keys is None else keys, right, received_at=received, **more)

    def answered(self, number: int, right: str = "access", every: int = 30) -> list[str]:
        """Earlier requests of Ann, each delivered, one every so many days."""
        ids = [self.store(right, days=every * (number - n) + 1) for n in range(number)]
        for id in ids:
            moved(self.register, id, State.ACCEPTED)
            moved(self.register, id, State.DELIVERED)
        return ids

    def asked(self, request: str) -> QuestionRow:
        with pytest.raises(NeedsPersonError):
            assess(self.services, request)
        return self.register.questions.all(request_id=request)[-1]

    def flagged(self, right: str = "access") -> tuple[str, QuestionRow]:
        self.answered(2, right)
        request = self.store(right)
        return request, self.asked(request)

    def officer(self, by: str = "cli:anna", now: datetime | None = None) -> Officer:
        return Officer(self.register, ROLES, by, now=now or utc_now(), settings=self.settings)

    def clocks(self, ahead: int = 0) -> ClockService:
        """The clock in an officer's hands, so many days from now."""
        officer = self.officer(now=utc_now() + timedelta(days=ahead))
        return ClockService(officer, officer.jurisdiction)

    def describe(self, shop: str) -> Bureau:
        """Another description of the shop."""
        (self.settings.inventory / "shop.yml").write_text(shop, encoding="utf-8")
        self.services = build(lambda _line: None, self.settings)
        return self

    def seen(
        self, question: QuestionRow, by: str = "cli:anna", *, unmask: bool = False
    ) -> dict[str, Section]:
        """What is shown of a question, by title."""
        found = look(self.officer(by), question.id, unmask=unmask)
        return {section.title: section for section in found.sections}

    def state(self, request: str) -> State:
        return self.register.requests.get(request).state

    def questions(self, request: str) -> tuple[QuestionRow, ...]:
        return self.register.questions.all(request_id=request)

    def events(self, kind: str, request: str | None = None) -> list[dict[str, Any]]:
        """Payloads of the events of a type, of one request or of all."""
        found = self.register.trail.events(request) if request else self.register.trail.events()
        return [payload or {} for header, payload in found if header.type == kind]

    def reply(
        self, question: QuestionRow, choice: str, text: str | None = None, by: str = "cli:anna", **detail: Any
    ) -> Answered:
        """Answer a question that is no decision on a ground."""
        return answer_question(self.officer(by), question.id, choice, detail=detail, text=text)

    def answer(
        self,
        question: QuestionRow,
        choice: str,
        code: str | None = None,
        by: str = "cli:anna",
        text: str | None = None,
        **given: Any,
    ) -> Answered:
        """Answer; a decision on a ground with the table's examples, but for what is given."""
        form = complete(code, Outcome(choice)) | given if code in GROUNDS.grounds else given
        form = {name: value for name, value in form.items() if value is not None}
        detail = in_trail(form) if form else {}
        if code is not None:
            detail = {"ground": code, **detail}
        texts = GROUNDS.texts(form) if form else {}
        return answer_question(self.officer(by), question.id, choice, detail=detail, texts=texts, text=text)

    def sign(self, request: str, choice: str = "agree", by: str = "airflow:sam", **more: Any) -> Answered:
        [question] = [q for q in self.questions(request) if q.kind == "decision_signed"]
        return self.answer(question, choice, by=by, **more)

    def text(self, request: str, kind: str, *, keep: bool = False, **given: Any) -> str:
        """The text of a letter, in one line."""
        return " ".join(make(self.officer(), request, kind, given, keep=keep).text.text.split())

    def due(self, request: str) -> tuple[str, ...]:
        """Kinds of letters that are due today."""
        timeline = self.register.facts.timeline(request)
        return letters_due(self.register, timeline, load_jurisdiction(self.settings), local_today())

    def send(self, letter: str) -> None:
        proof = Proof("proof.txt", "text/plain", [b"posted"])
        zone = self.register.requests.get(self.register.letters.get(letter).request).zone
        self.register.outbox.enter_sending(
            letter, local_today(zone), SendingChannel.REGISTERED_POST, proof, "cli:anna"
        )


def trigger_codes(question: Any) -> list[str]:
    return [flag["flag"] for flag in question.detail["flags"]]


def unchanged(bureau: Bureau, question: Any, act: Any, error: type[AfschriftError]) -> AfschriftError:
    """An act that is turned down: no event, no decision, and the question stays open."""
    before = (bureau.register.trail.events(), bureau.register.requests.get(question.request))
    with pytest.raises(error) as caught:
        act()
    assert before == (bureau.register.trail.events(), bureau.register.requests.get(question.request))
    assert bureau.register.questions.get(question.id).answered_at is None
    assert caught.value.remedy
    return caught.value


def values_of(section: Section) -> dict[str, str]:
    return {line.label: line.value for line in section.lines}
