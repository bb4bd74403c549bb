"""Attempts to get something by a batch that a request alone would not give; one that stops, stops alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from testbed.running import event_types, store
from testbed.small import execute
from tests.support.crowd import FIRST
from tests.support.moves import moved
from tests.unit.batch.conftest import Planned

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

    def __init__(self, session: Source, bind: Callable[..., None], opened: Callable[[], None]) -> None:
        self._session, self._bind, self._opened = session, bind, opened

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def __enter__(self) -> Tampered:
        self._session.__enter__()
        self._opened()
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.__exit__(*exc)

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        self._bind(self._session, keys, at, *others)


def plain(session: Source, *persons: Any) -> None:
    session.bind(*persons)


def tampered(
    services: Services, bind: Callable[..., None] = plain, opened: Callable[[], None] = lambda: None
) -> Services:
    def open_source(source: str, tag: str = "") -> Any:
        return Tampered(services.open_source(source, tag), bind, opened)

    return replace(services, open_source=open_source)


def batch(services: Services, requests: list[str]) -> dict[str, str]:
    return extract_batch(services, "shop", requests, "bat-1", lambda _request: services)


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


def test_closed_meanwhile(crowded: Services, planned: Planned, tmp_path: Path) -> None:
    """Attempt: Close a request while a batch reads for it"""
    first, second, closed = requests = planned(3)
    services = tampered(crowded, opened=lambda: moved(crowded.register, closed, State.WITHDRAWN))

    outcomes = batch(services, requests)

    assert outcomes == {first: TOGETHER, second: TOGETHER, closed: "GateError"}
    assert reasons(crowded, closed) == ["closed"]
    assert data_of(tmp_path, closed) == []
    assert data_of(tmp_path, first)


def test_closed_while_its_rows_are_written(crowded: Services, planned: Planned, tmp_path: Path) -> None:
    first, second, closed = requests = planned(3)

    class Closing(Tampered):
        def reconciliation(self, *args: Any) -> Any:
            if crowded.register.requests.get(closed).state is State.ACCEPTED and data_of(tmp_path, closed):
                moved(crowded.register, closed, State.WITHDRAWN)
            return self._session.reconciliation(*args)

    def open_source(source: str, tag: str = "") -> Any:
        return Closing(crowded.open_source(source, tag), plain, lambda: None)

    outcomes = batch(replace(crowded, open_source=open_source), requests)

    assert outcomes == {first: TOGETHER, second: TOGETHER, closed: "GateError"}
    assert reasons(crowded, closed) == ["closed_meanwhile"]
    assert data_of(tmp_path, closed) == []


def test_what_another_run_extracted_meanwhile_stays(crowded: Services, tmp_path: Path) -> None:
    requests = [store(crowded, {"customer_id": str(customer)}) for customer in range(FIRST, FIRST + 3)]
    of, lost = of_batch(crowded, "b"), requests[-1]
    prepare(crowded, requests, "b", "tester")

    def another_run() -> None:
        assert crowded.register.runs.end(lost, batch_run("b", lost), "lost")
        own = replace(crowded, run=f"{lost}.1")
        begin(own, lost, "tester")
        extract(own, lost, "shop")

    outcomes = extract_batch(tampered(crowded, opened=another_run), "shop", requests, "bat-1", of)

    assert outcomes == {**dict.fromkeys(requests, TOGETHER), lost: "GateError"}
    assert data_of(tmp_path, lost)
    assert event_types(crowded, lost).count("extracted") == 1


@pytest.mark.parametrize("fails", [False, True])
def test_what_another_run_extracted_after_its_rows_were_read_stays(
    crowded: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    requests = [store(crowded, {"customer_id": str(customer)}) for customer in range(FIRST, FIRST + 3)]
    of, answered = of_batch(crowded, "b"), requests[-1]
    prepare(crowded, requests, "b", "tester")
    own = replace(crowded, run=f"{answered}.1")
    compare = BatchSession.compare

    def another_run(self: BatchSession, *args: Any) -> Any:
        if crowded.register.runs.end(answered, batch_run("b", answered), "accepted"):
            begin(own, answered, "tester")
            extract(own, answered, "shop")
            if fails:
                raise ZeroDivisionError
        return compare(self, *args)

    monkeypatch.setattr(BatchSession, "compare", another_run)
    with pytest.raises(ZeroDivisionError) if fails else nullcontext():
        outcomes = extract_batch(crowded, "shop", requests, "bat-1", of)
        assert outcomes == {**dict.fromkeys(requests, TOGETHER), answered: "GateError"}

    assert data_of(tmp_path, answered)
    assert bool(data_of(tmp_path, requests[0])) is not fails
    validate(own, answered)


def test_a_key_of_another(crowded: Services, planned: Planned, tmp_path: Path) -> None:
    """Attempt: Put a key of another person into the key table of a batch"""
    requests = planned(3)

    def bind(session: Source, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        changed = [(keys, at)] * len(others[:1]) + list(others[1:])
        session.bind(keys, at, *changed)

    with pytest.raises(OtherPersonsRowError, match="has no key") as error:
        batch(tampered(crowded, bind), requests)

    assert isinstance(error.value, GateError)
    assert "101" not in str(error.value)
    assert reasons(crowded, requests[1]) == ["row_of_another"]
    for request in requests:
        assert "extracted" not in event_types(crowded, request)
        assert data_of(tmp_path, request) == []


def test_one_whose_rows_are_in_doubt_stops_alone(crowded: Services, planned: Planned, shop: Path) -> None:
    first, doubtful, second = requests = planned(3)
    execute(shop, "INSERT INTO customer (customer_id, name) VALUES (99, 'ask who.101@example.org')")

    outcomes = batch(crowded, requests)

    assert outcomes == {first: TOGETHER, second: TOGETHER, doubtful: "NeedsPersonError"}
    asked = crowded.register.questions.all(request_id=doubtful)
    assert [question.kind for question in asked] == ["residual_rows"]
    assert crowded.register.questions.all(request_id=first) == ()
