"""Errors in a batch: those of one person stop only that person, what cannot be trusted stops all, a kill none."""

import json
import os
import signal
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from testbed.running import drive, event_types, store
from testbed.small import execute
from tests.support.crowd import FIRST
from tests.unit.batch.conftest import Planned, batch
from tests.unit.batch.test_batch_attempts import Tampered, tampered

from afschrift.app.settings import Settings
from afschrift.batch import fulfil_batch as use_case
from afschrift.batch.batch_session import spans
from afschrift.batch.fulfil_batch import (
    DONE,
    LEFT,
    WAITS,
    batch_run,
    end,
    extract_batch,
    extract_source,
    fulfil_batch,
    prepare,
    short_id,
)
from afschrift.batch.members import explain
from afschrift.batch.source_pass import TOGETHER
from afschrift.casework.run_findings import next_free, next_run
from afschrift.domain.errors import ConfigurationError, GateError, RetriableError, SourceDownError
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.request import BATCHED
from afschrift.domain.sources import Source
from afschrift.extraction.staged_records import read_record
from afschrift.register.steps import Steps
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.steps.extract import clear_extract, extract
from afschrift.steps.gates import begin
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build
from afschrift.wiring.dry_run import preview

pytestmark = pytest.mark.slow

BAD = "102"


class Wrapped:
    """The reconciliation of a session; what it does not know goes on to it."""

    def __init__(self, session: Any, reconciliation: Any) -> None:
        self._session, self._reconciliation = session, reconciliation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reconciliation, name)


class Spoilt(Tampered):
    """A session in which a statement for several persons fails, where one of them is among these."""

    of = ""  # a word of the statements that fail

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        self.bad = bool(others) and any(
            key.value == BAD for some, _ in ((keys, at), *others) for key in some if key.name == "customer_id"
        )
        self._session.bind(keys, at, *others)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        self.fail(statement)
        return self._session.rows(statement)

    def stream(self, statement: str) -> Iterator[Any]:
        self.fail(statement)
        return self._session.stream(statement)

    def reconciliation(self, *args: Any) -> Any:
        return SpoiltReconciliation(self, self._session.reconciliation(*args))

    def fail(self, statement: str) -> None:
        if self.of and self.of in statement and self.bad:
            raise ConfigurationError("A value cannot be read.")


class SpoiltReconciliation(Wrapped):
    def together(self, same_rows: Any) -> Any:
        self._session.fail("account")
        return self._reconciliation.together(same_rows)


@pytest.mark.parametrize("of", ['AS "name"', "account", "ORDER BY t.afschrift_person"])
def test_it_is_looked_for_by_halves(crowded: Services, planned: Planned, of: str) -> None:
    requests = planned(4)

    outcomes = batch(tampered(crowded, type("Set", (Spoilt,), {"of": of})), requests)

    # the other of the last two is not known to be read
    by_itself = dict.fromkeys(requests[2:], "ConfigurationError")
    assert outcomes == {**dict.fromkeys(requests[:2], TOGETHER), **by_itself}
    for request in requests:
        assert ("extracted" in event_types(crowded, request)) is (request in requests[:2])


def test_one_whose_staged_keys_are_lost_meanwhile_stops_alone(crowded: Services, planned: Planned) -> None:
    first, gone, second = requests = planned(3)

    def of(request: str) -> Services:
        if request == second:  # the one before it is at the gate already
            crowded.staging(gone).wipe()
        return crowded

    outcomes = extract_batch(crowded, "shop", requests, "bat-1", of)

    assert outcomes == {first: TOGETHER, gone: "StagedFileError", second: TOGETHER}


def test_a_pass_that_finds_nothing_of_anybody_is_held_against_one_of_them(
    crowded: Services, planned: Planned
) -> None:
    requests = planned(3)

    def nothing_of_several(session: Source, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        session.bind([] if others else keys, at, *(((), at) for _ in others))

    assert set(batch(tampered(crowded, bind=nothing_of_several), requests).values()) == {
        "ValidationFailedError"
    }
    for request in requests:
        assert "extracted" not in event_types(crowded, request)


class FailsOnce(Tampered):
    """A session in which the first person of the spot check is stopped by an error of their own."""

    reads: list[int] = []  # noqa: RUF012

    def reconciliation(self, *args: Any) -> Any:
        return FailsOnceReconciliation(self, self._session.reconciliation(*args))


class FailsOnceReconciliation(Wrapped):
    def sums(self, *args: Any) -> Any:
        self._session.reads.append(1)
        if len(self._session.reads) == 1:
            raise ConfigurationError("A value of this one cannot be read.")
        return self._reconciliation.sums(*args)


def test_where_the_drawn_one_is_stopped_it_is_the_next_one(crowded: Services, planned: Planned) -> None:
    requests = planned(4)
    FailsOnce.reads.clear()

    outcomes = batch(tampered(crowded, FailsOnce), requests)

    assert sorted(outcomes.values()) == ["ConfigurationError", *[TOGETHER] * 3]
    assert len(FailsOnce.reads) == 5  # of the first table two, of the three others one


def test_source_down_concerns_no_single_request(crowded: Services, planned: Planned) -> None:
    class Down(Tampered):
        def stream(self, statement: str) -> Iterator[Any]:
            raise SourceDownError("shop", RetriableError("It is down."))

    with pytest.raises(SourceDownError):
        batch(tampered(crowded, Down), planned(2))


def test_rows_that_are_put_in_order_in_our_memory_come_in_spans() -> None:
    counts = [(0, 3), (2, 4), (3, 9), (5, 1), (6, 1)]
    assert list(spans(counts, 7)) == [(0, 2), (3, 3), (5, 6)]
    assert list(spans([], 7)) == []


def stored(services: Services, customers: int) -> list[str]:
    return [store(services, {"customer_id": str(FIRST + number)}) for number in range(customers)]


def next_of(services: Services, request: str) -> str:
    known = {status.request: status for status in services.register.oversight.progress([request])}
    return next_free(services.register, request, next_run(known[request]))


def test_an_answer_starts_the_next_run_while_the_batch_goes(crowded: Services, shop: Path) -> None:
    first, doubtful, second = requests = stored(crowded, 3)
    execute(shop, "INSERT INTO customer (customer_id, name) VALUES (99, 'ask who.101@example.org')")
    prepare(crowded, requests, "b", "tester")
    outcomes = extract_source(crowded, "shop", requests, "b")
    assert outcomes == {first: TOGETHER, second: TOGETHER, doubtful: "NeedsPersonError"}

    [asked] = crowded.register.questions.all(request_id=doubtful)
    assert asked.kind == "residual_rows"
    assert crowded.register.questions.all(request_id=first) == ()
    crowded.register.questions.answer(asked.id, "leave_out", "officer")
    own = replace(crowded, run=next_of(crowded, doubtful))
    begin(own, doubtful, "officer")
    assert extract_source(crowded, "shop", [doubtful], "b") == {doubtful: WAITS}
    drive(own, doubtful)
    assert event_types(crowded, doubtful).count("extracted") == 1

    assert end(crowded, requests, "b") == [first, second]


def test_a_run_that_came_too_early_uses_its_id_up(crowded: Services) -> None:
    [early, _] = requests = stored(crowded, 2)
    prepare(crowded, requests, "b", "tester")
    with pytest.raises(GateError, match="still going"):
        begin(replace(crowded, run=f"{early}.1"), early, "officer")
    extract_source(crowded, "shop", requests, "b")

    assert end(crowded, requests, "b") == requests
    assert [next_of(crowded, request) for request in requests] == [f"{early}.2", f"{requests[1]}.1"]
    own = replace(crowded, run=f"{early}.2")
    begin(own, early, "airflow")
    drive(own, early)


def test_more_than_one_batch_takes_are_left_and_named(
    crowded: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(use_case, "BATCH_LIMIT", 2)
    first, second, left = requests = stored(crowded, 3)

    outcomes = fulfil_batch(replace(crowded, log=lines.append), requests, "b", "tester")

    assert outcomes == {first: BATCHED, second: BATCHED, left: LEFT}
    assert "One batch reads for 2 requests; 1 are left for the next one." in lines
    assert crowded.register.runs.all(request_id=left) == ()


def test_the_dry_run_of_one_whose_staging_is_gone(crowded: Services, planned: Planned) -> None:
    gone, first, second = planned(3)
    crowded.staging(gone).wipe("")
    assert list(explain(crowded, [gone, first, second])) == [
        f"{gone}: its staged files are gone; it is classified separately again",
        f"{first} shop: together with 1 more",
        f"{second} shop: together with 1 more",
    ]


def data(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as packed:
        return {name: packed.read(name) for name in packed.namelist() if "/data/shop/" in name}


def test_each_goes_on_by_its_own_run(crowded: Services) -> None:
    requests = [store(crowded, {"customer_id": str(customer)}) for customer in (FIRST, FIRST + 1)]
    waits = store(crowded, {"customer_id": str(FIRST + 2)}, authenticated=None)

    outcomes = fulfil_batch(crowded, [*requests, waits], "manual__2026-03-02T10:00:00Z_x", "tester")

    assert outcomes == {**dict.fromkeys(requests, BATCHED), waits: "NeedsPersonError"}
    for request in requests:
        [run] = crowded.register.runs.all(request_id=request)
        assert (run.id, run.outcome) == (batch_run("manual__2026-03-02T10:00:00Z_x", request), BATCHED)
        own = replace(crowded, run=f"{request}.1")
        begin(own, request, "tester")
        bundle = drive(own, request)
        assert event_types(crowded, request).count("extracted") == 1
        extracted = [p for h, p in crowded.register.trail.events(request) if h.type == "extracted"]
        assert extracted[0] is not None
        batch = extracted[0]["batch"]
        assert batch == {"id": short_id("manual__2026-03-02T10:00:00Z_x"), "requests": 2}
        assert not any(other in json.dumps(extracted) for other in requests if other != request)
        assert any(data(bundle).values())
    [asked] = crowded.register.questions.all(request_id=waits)
    assert asked.kind == "identity"
    assert crowded.register.runs.all(request_id=waits)[0].outcome != BATCHED
    assert fulfil_batch(crowded, [waits], "b", "tester") == {waits: WAITS}
    assert len(crowded.register.runs.all(request_id=waits)) == 1


def test_dry_run_shows_which_requests_share_a_pass(crowded: Services, planned: object) -> None:
    requests = planned(2)  # type: ignore[operator]
    new = store(crowded, {"customer_id": str(FIRST + 3)})

    lines = list(explain(crowded, [*requests, new]))

    shown = list(preview(crowded, new, sql=False))
    assert "\nshop: may be read together with others (`afschrift batch`)" in shown
    assert lines == [
        f"{new}: no plan is frozen yet; it is assessed and classified separately first",
        *(f"{request} shop: together with 1 more" for request in requests),
    ]


KILLED_AT = (1, 9, 20, 31, 38, 42, 43, 45, 37, 18)

"""Writes before which it dies: files of tables, one table of a person again; then five of each request."""


def killed_batch(home: Path, inventory: Path, requests: list[str], killed_at: int) -> None:
    """In a process of its own: extract the shop together; die before the so-and-so-many-th write, from 1."""
    settings = Settings.from_environment({"AFSCHRIFT_HOME": str(home), "AFSCHRIFT_INVENTORY": str(inventory)})
    services, left = build(lambda _line: None, settings), killed_at

    def counted(method: Any) -> Any:
        def counting(*args: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(*args, **more)

        return counting

    EncryptedStaging.writer = counted(EncryptedStaging.writer)  # type: ignore[method-assign]
    Steps.finish = counted(Steps.finish)  # type: ignore[method-assign]
    extract_batch(services, "shop", requests, "bat-1", lambda _request: services)


@pytest.mark.nightly
def test_killed_at_ten_places_it_goes_on(crowded: Services, planned: Planned, tmp_path: Path) -> None:
    requests = planned(4)
    processes = get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    ended, recorded = [], []
    for place in KILLED_AT:
        child = processes.Process(
            target=killed_batch, args=(tmp_path / "home", tmp_path / "inventory", requests, place)
        )
        child.start()
        child.join()
        ended.append(child.exitcode)
        recorded.append(sum("extracted" in event_types(crowded, request) for request in requests))

    assert ended == [-signal.SIGKILL] * 10
    assert recorded == [0, 0, 0, 0, 0, 0, 0, 1, 2, 2]
    outcomes = extract_batch(crowded, "shop", requests, "bat-2", lambda _request: crowded)
    assert list(outcomes.values()) == [DONE, DONE, TOGETHER, TOGETHER]
    for request in requests:
        extract(crowded, request, "shop")
        assert event_types(crowded, request).count("extracted") == 1
        went_on = read_record(crowded.staging(request), "shop")
        validate(crowded, request)
        package(crowded, request)
        clear_extract(crowded, request, "shop")
        extract(crowded, request, "shop")
        assert read_record(crowded.staging(request), "shop").tables == went_on.tables
