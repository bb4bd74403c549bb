"""An installation in which attempts to get round the gates are counted, at the source and the destination."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from testbed.running import store
from tests.support.kept import Kept
from tests.support.moves import assess, begin, classify, close, deliver, extract, look_up, package, validate

from afschrift.app.settings import Settings
from afschrift.domain.errors import GateError, NeedsPersonError
from afschrift.domain.files import Receipt
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.wiring.build_services import build

ANN, BOB = {"customer_id": "1"}, {"customer_id": "2"}
ONE, TWO = "manual__2026-03-02T10:00:00+00:00", "manual__2026-03-02T11:00:00+00:00"
Step = Callable[[Services, str], Any]


def extract_shop(services: Services, request: str) -> Any:
    return extract(services, request, "shop")


CHAIN: list[Step] = [assess, classify, extract_shop, validate, package, deliver, close]
DATA = CHAIN[2:6]
"""The steps that touch data."""
STEPS: dict[str, Step] = {"look_up": look_up} | dict(
    zip(("assess", "classify", "extract", "validate", "package", "deliver", "close"), CHAIN, strict=True)
)
"""Steps by the names that cases have."""


@dataclass
class World:
    """An installation whose source and destination are counted."""

    services: Services
    statements: Path
    home: Path
    kept: Kept

    @property
    def seen(self) -> tuple[int, list[Path]]:
        """Contacts with a source so far, and what lies at the destination, hidden files too."""
        count = self.statements.read_text().count("\n") if self.statements.exists() else 0
        return count, sorted(self.home.joinpath("outbox").rglob("*"))

    def in_run(self, run: str | None) -> Services:
        return dataclasses.replace(self.services, run=run)

    def until(self, step: Step, request: str, run: str | None = None) -> None:
        """All steps before one."""
        self.begun([request], run)
        for done in CHAIN[: CHAIN.index(step)]:
            done(self.in_run(run), request)

    def at(self, step: Step, run: str | None = None, stored: Stored | None = None) -> str:
        """A request for which all steps before one are done, in an installation that was empty."""
        [request] = self.all_at(step, run, stored)
        return request

    def all_at(self, step: Step, run: str | None = None, stored: Stored | None = None) -> list[str]:
        """The same of several requests; `stored` stores them, by default one of Ann."""
        stored, done = stored or of_ann, CHAIN[: CHAIN.index(step)]

        def reach() -> list[str]:
            if not done:
                return self.begun(stored(self), run)
            requests = self.all_at(done[-1], run, stored)
            for request in requests:
                done[-1](self.in_run(run), request)
            return requests

        state = ("gates", step.__name__, run, stored.__name__)
        requests = self.kept.reached(state, self.home, reach)
        env = {"AFSCHRIFT_HOME": str(self.home), "AFSCHRIFT_INVENTORY": str(self.home.parent / "inventory")}
        self.services = build(lambda _line: None, Settings.from_environment(env))
        return requests

    def begun(self, requests: list[str], run: str | None) -> list[str]:
        if run is not None:
            [request] = requests
            begin(self.in_run(run), request, "somebody")
        return requests

    def refused(
        self, step: Step, request: str, run: str | None = None, match: str | None = None
    ) -> dict[str, Any]:
        """The one event of an attempt; nothing is read and nothing leaves."""
        before, earlier = self.seen, self.attempts(request)
        with pytest.raises(GateError, match=match):
            step(dataclasses.replace(self.services, run=run), request)
        assert self.seen == before
        [event] = self.attempts(request)[len(earlier) :]
        assert event["run"] == run
        return event

    def waits(self, step: Step, request: str) -> QuestionRow:
        """The question at which a step ends; nothing is read and nothing leaves."""
        before = self.seen
        nowhere = dataclasses.replace(
            self.services, destination=lambda name: pytest.fail(f"{name} is opened")
        )
        with pytest.raises(NeedsPersonError):
            step(nowhere, request)
        assert self.seen == before
        return self.services.register.questions.all(request_id=request)[-1]

    def while_handed_over(self, act: Callable[[], object]) -> Services:
        """Services whose destination does something before the bundle becomes visible."""
        inner = self.services.destination("outbox")

        class Slow:
            name, find, address = "outbox", staticmethod(inner.find), staticmethod(inner.address)

            def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
                act()
                return inner.deliver(name, chunks)

        return dataclasses.replace(self.services, destination=lambda _name: Slow())

    def attempts(self, request: str) -> list[dict[str, Any]]:
        events = self.services.register.trail.events(request)
        return [p or {} for h, p in events if h.type in ("gate_bypassed", "gate_refused", "drift_found")]

    @property
    def register(self) -> Register:
        return self.services.register


Stored = Callable[[World], list[str]]
"""Stores requests in an empty installation; its name identifies the state that follows."""


def of_ann(world: World) -> list[str]:
    return [store(world.services, ANN)]


def unidentified(world: World) -> list[str]:
    return [store(world.services, ANN, authenticated=None)]


def of_both_rights(world: World) -> list[str]:
    return [store(world.services, ANN), store(world.services, ANN, "portability")]
