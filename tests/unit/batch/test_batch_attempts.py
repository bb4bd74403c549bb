"""Attempts to get something by a batch that a request alone would not give; one that stops, stops alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from testbed.running import event_types, store
from tests.support.crowd import FIRST
from tests.support.moves import moved
from tests.unit.batch.conftest import Planned, batch

from afschrift.batch.batch_session import BatchSession
from afschrift.batch.fulfil_batch import batch_run, extract_batch, of_batch, prepare
from afschrift.batch.source_pass import TOGETHER
from afschrift.batch.split import OtherPersonsRowError
from afschrift.domain.errors import GateError
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.sources import Source
from afschrift.domain.state import State
from afschrift.extraction.staged_records import is_staged
from afschrift.services import Services
from afschrift.steps.extract import extract
from afschrift.steps.gates import begin
from afschrift.steps.validate import validate

pytestmark = pytest.mark.slow


class Tampered:
    """A session with other bound keys, or with an action when it opens."""

    def __init__(
        self, session: Source, changed: Callable[..., None] | None, opened: Callable[[], object]
    ) -> None:
        self._session, self._changed, self._opened = session, changed, opened

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def __enter__(self) -> Tampered:
        self._session.__enter__()
        self._opened()
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.__exit__(*exc)

    def bind(self, *persons: Any) -> None:
        if self._changed:
            self._changed(self._session, *persons)
        else:
            self._session.bind(*persons)


def tampered(
    services: Services,
    kind: type[Tampered] = Tampered,
    *,
    bind: Callable[..., None] | None = None,
    opened: Callable[[], object] = lambda: None,
) -> Services:
    """Services whose sessions are of this kind."""

    def open_source(source: str, tag: str = "") -> Any:
        return kind(services.open_source(source, tag), bind, opened)

    return replace(services, open_source=open_source)


def data_of(home: Path, request: str) -> list[Path]:
    """Files of tables that are staged of a request."""
    return [path for path in home.rglob("*") if {request, "data"} <= set(path.parts) and path.is_file()]


def reasons(services: Services, request: str) -> list[str]:
    events = services.register.trail.events(request)
    return [p["reason"] for h, p in events if h.type in ("gate_bypassed", "gate_refused") and p]


def test_a_forged_list(crowded: Services, planned: Planned) -> None:
    """Attempt: Name requests in a batch that may not be read: unknown, without identity or plan, closed"""
    first, second, closed = planned(3)
    moved(crowded.register, closed, State.WITHDRAWN)
    unidentified = store(crowded, {"customer_id": "105"}, authenticated=None)

    outcomes = batch(crowded, [first, second, first, unidentified, "req-000000000000", closed])

    assert [outcomes[request] for request in (first, second)] == [TOGETHER, TOGETHER]
    assert outcomes[unidentified] == outcomes[closed] == "GateError"
    assert outcomes["req-000000000000"] == "UnknownRequestError"
    assert reasons(crowded, unidentified) == ["no_identity"]
    assert reasons(crowded, closed) == ["closed"]
    assert not is_staged(crowded.staging(unidentified), "shop")
    assert event_types(crowded, first).count("extracted") == 1


@pytest.mark.parametrize("reason", ["closed", "closed_meanwhile"])
def test_closed_meanwhile(crowded: Services, planned: Planned, tmp_path: Path, reason: str) -> None:
    """Attempt: Close a request while a batch reads for it"""
    first, second, closed = requests = planned(3)

    class Closing(Tampered):
        """Closes it as the session opens, or while its rows are written."""

        def __enter__(self) -> Tampered:
            if reason == "closed":
                moved(crowded.register, closed, State.WITHDRAWN)
            return super().__enter__()

        def reconciliation(self, *args: Any) -> Any:
            if crowded.register.requests.get(closed).state is State.ACCEPTED and data_of(tmp_path, closed):
                moved(crowded.register, closed, State.WITHDRAWN)
            return self._session.reconciliation(*args)

    outcomes = batch(tampered(crowded, Closing), requests)

    assert outcomes == {first: TOGETHER, second: TOGETHER, closed: "GateError"}
    assert reasons(crowded, closed) == [reason]
    assert data_of(tmp_path, closed) == []
    assert data_of(tmp_path, first)


@dataclass
class Overtaken:
    """Requests of a batch, the last of which another run extracts meanwhile."""

    services: Services
    requests: list[str]
    of: Callable[[str], Services]

    @property
    def last(self) -> str:
        return self.requests[-1]

    @property
    def own(self) -> Services:
        return replace(self.services, run=f"{self.last}.1")

    def overtake(self, outcome: str) -> bool:
        """End the batch's run of the last request, and extract it in its own; whether that was possible."""
        if not self.services.register.runs.end(self.last, batch_run("b", self.last), outcome):
            return False
        begin(self.own, self.last, "tester")
        extract(self.own, self.last, "shop")
        return True

    @property
    def outcomes(self) -> dict[str, str]:
        """What then becomes of the requests."""
        return {**dict.fromkeys(self.requests, TOGETHER), self.last: "GateError"}


@pytest.fixture
def overtaken(crowded: Services) -> Overtaken:
    requests = [store(crowded, {"customer_id": str(customer)}) for customer in range(FIRST, FIRST + 3)]
    prepare(crowded, requests, "b", "tester")
    return Overtaken(crowded, requests, of_batch(crowded, "b"))


def test_what_another_run_extracted_meanwhile_stays(overtaken: Overtaken, tmp_path: Path) -> None:
    services = tampered(overtaken.services, opened=lambda: overtaken.overtake("lost"))

    outcomes = extract_batch(services, "shop", overtaken.requests, "bat-1", overtaken.of)

    assert outcomes == overtaken.outcomes
    assert data_of(tmp_path, overtaken.last)
    assert event_types(overtaken.services, overtaken.last).count("extracted") == 1


@pytest.mark.parametrize("fails", [False, True])
def test_what_another_run_extracted_after_its_rows_were_read_stays(
    overtaken: Overtaken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    compare = BatchSession.compare

    def another_run(self: BatchSession, *args: Any) -> Any:
        if overtaken.overtake("accepted") and fails:
            raise ZeroDivisionError
        return compare(self, *args)

    monkeypatch.setattr(BatchSession, "compare", another_run)
    with pytest.raises(ZeroDivisionError) if fails else nullcontext():
        outcomes = extract_batch(overtaken.services, "shop", overtaken.requests, "bat-1", overtaken.of)
        assert outcomes == overtaken.outcomes

    assert data_of(tmp_path, overtaken.last)
    assert bool(data_of(tmp_path, overtaken.requests[0])) is not fails
    validate(overtaken.own, overtaken.last)


def test_a_key_of_another(crowded: Services, planned: Planned, tmp_path: Path) -> None:
    """Attempt: Put a key of another person into the key table of a batch"""
    requests = planned(3)

    def bind(session: Source, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        changed = [(keys, at)] * len(others[:1]) + list(others[1:])
        session.bind(keys, at, *changed)

    with pytest.raises(OtherPersonsRowError, match="has no key") as error:
        batch(tampered(crowded, bind=bind), requests)

    assert isinstance(error.value, GateError)
    assert "101" not in str(error.value)
    assert reasons(crowded, requests[1]) == ["row_of_another"]
    for request in requests:
        assert "extracted" not in event_types(crowded, request)
        assert data_of(tmp_path, request) == []
