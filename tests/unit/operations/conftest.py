"""A register and a staging that are swept, with a clock that is turned by hand."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.moves import moved

from afschrift.casework.run_findings import SweepLimits
from afschrift.domain.errors import RefusedError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.operations.sweep import Sweep
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_requests import destroy, staged_requests

HOUR = timedelta(hours=1)
BEGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)
RECEIVED = "2026-03-02T09:00:00Z"
NAME = "kwikstaart"


@dataclass
class Office:
    """A register and a staging whose clock is turned by hand.

    Attributes:
        airflow: ids of its runs.
        started: in order.
        down: nothing can be started.
    """

    register: Register
    staging: Path
    now: datetime = BEGIN
    airflow: set[str] = field(default_factory=set)
    started: list[str] = field(default_factory=list)
    down: bool = False
    asked: int = 0

    def open(self, state: State = State.RECEIVED) -> str:
        case = self.register.cases.open(NAME.encode(), "mail", RECEIVED, RECEIVED)
        keys = (Key("customer_id", NAME),)
        request = self.register.requests.open(
            case, Right.ACCESS, RECEIVED, "Europe/Amsterdam", "nl", ("csv",), "outbox", keys
        ).id
        moved(self.register, request, state)
        return request

    def run(self, request: str, run: str | None = None, *, ends: str | None = None) -> str:
        """A run that begins now, and ends now where it ends."""
        run = run or f"{request}.{1 + len(self.register.runs.all(request_id=request))}"
        self.airflow.add(run)
        self.register.runs.begin(request, run, 2 * HOUR)
        if ends:
            self.register.runs.end(request, run, ends)
        return run

    def ask(self, request: str) -> str:
        self.asked += 1
        detail = {"number": self.asked}
        return self.register.questions.ask(request, "review", options=("yes", "no"), detail=detail).id

    def stage(self, request: str) -> Path:
        with EncryptedStaging(self.staging, request, bytes(32)).writer("data/shop.csv") as file:
            file.write(b"x" * 100)
        path = self.staging / request / "data" / "shop.csv.enc"
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))
        return path

    def later(self, hours: float) -> None:
        self.now += hours * HOUR

    def start(self, request_id: str, run_id: str) -> str:
        if self.down:
            raise RetriableError("Airflow does not answer.")
        if run_id in self.airflow:
            raise RefusedError(f"Run {run_id} exists in Airflow already.")
        self.airflow.add(run_id)
        self.started.append(run_id)
        return f"run {run_id} is started"

    def sweeper(self, **more: Any) -> Sweep:
        given = {"register": self.register, "start": self.start, "now": self.now, "limits": SweepLimits()}
        given |= {"staged": partial(staged_requests, self.staging), "destroy": partial(destroy, self.staging)}
        return Sweep(**given | more)

    def sweep(self, *, dry: bool = False) -> list[tuple[str, str, str]]:
        """Code, request and action of what was found."""
        swept = self.sweeper(dry=dry).run()
        assert NAME not in json.dumps([s.row() for s in swept])
        return [(s.finding.code.value, s.finding.request, s.action) for s in swept]

    def events(self, request: str, *kinds: str) -> list[tuple[str, Any]]:
        kinds = kinds or ("sweep_found", "staging_destroyed")
        return [(h.type, p) for h, p in self.register.trail.events(request) if h.type in kinds]


@pytest.fixture
def office(url: str, tmp_path: Path) -> Office:
    made: list[Office] = []
    register = Register(url, KeyStore.create(tmp_path / "keys.json"), lambda: made[0].now if made else BEGIN)
    made.append(Office(register, tmp_path / "staging"))
    return made[0]
