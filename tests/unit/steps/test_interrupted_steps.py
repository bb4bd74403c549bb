"""What comes between: a commit while a step works, an end at its own commit, a worker that is not as the other.

Here a step dies of an exception; `tests/e2e/test_running_airflow.py` kills tasks of an Airflow at the same points.
"""

import hashlib
import shutil
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from testbed.delivered import open_delivered
from testbed.registers import set_up
from testbed.running import drive, event_types, store
from testbed.small import SHOP, write_database, write_inventory
from tests.support.attempts import ANN, CHAIN, World, extract_shop
from tests.support.driving import payloads, planned
from tests.support.moves import extract, moved, package, validate
from tests.support.watched.killing import reached

from afschrift.app.settings import Settings
from afschrift.domain.errors import AfschriftError, ConfigurationError, GateError, NeedsPersonError
from afschrift.domain.state import State
from afschrift.extraction.staged_records import record_path
from afschrift.register.keys.store import KeyStore
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_file import BUNDLE, PERSON
from afschrift.steps.deliver import deliver
from afschrift.wiring.build_services import build

Commit = Callable[[Services, str], Any]


def decided(kind: str, choice: str, services: Services, request: str, about: str | None = None) -> None:
    services.register.decisions.take(request, kind, choice, "officer", about=about)


def put_on_hold(services: Services, request: str) -> None:
    """A question that waits for a person: the request is not in work meanwhile."""
    services.register.questions.ask(request, "residual_rows", options=("leave_out",), detail={"column": "x"})


COMMITS: dict[str, tuple[Commit, str]] = {
    "revocation": (partial(decided, "identity", "not_confirmed"), "no identity decision"),
    "withdrawal": (lambda services, request: moved(services.register, request, State.WITHDRAWN), "is closed"),
    "decision": (partial(decided, "column", "exclude", about="0" * 64), "decisions changed"),
    "question": (put_on_hold, "state needs_person"),
}


@pytest.mark.parametrize("name", COMMITS)
def test_extract_asks_again_before_it_stages(world: World, name: str) -> None:
    """Attempt: Take the identity back, withdraw, decide anew or ask a person while a source is read"""
    commit, words = COMMITS[name]
    request = world.at(extract_shop)
    inner = world.services.open_source
    done: list[str] = []

    @contextmanager
    def opened(*given: Any, **more: Any) -> Iterator[Any]:
        with inner(*given, **more) as session:
            yield session
        commit(world.services, request)  # all is read by now, and nothing counts yet
        done.append(name)

    with pytest.raises(GateError, match=words):
        extract_shop(replace(world.services, open_source=opened), request)
    assert done == [name]
    assert not world.services.staging(request).exists(record_path("shop"))
    assert "extracted" not in event_types(world.services, request)


@pytest.mark.parametrize("name", COMMITS)
def test_deliver_asks_again_before_the_bundle_becomes_visible(world: World, name: str) -> None:
    """Attempt: Take the identity back, or withdraw, while the bundle is handed over"""
    commit, words = COMMITS[name]
    request = world.at(deliver)

    with pytest.raises(GateError, match=words):
        deliver(world.while_handed_over(lambda: commit(world.services, request)), request)
    assert world.seen[1] == []
    assert world.attempts(request)[-1]["step"] == "deliver"
    assert "bundle_delivered" not in event_types(world.services, request)


def test_a_bundle_that_is_held_back_while_it_is_handed_over(world: World) -> None:
    """Attempt: Hold a bundle back while it is handed over"""
    request = world.at(deliver)
    packed = (world.register.steps.latest(request, "package") or {})["bundle"]
    decided("review", "approved", world.services, request, packed)
    hold_back = partial(decided, "review", "hold_back")

    with pytest.raises(NeedsPersonError, match="held_back"):
        deliver(world.while_handed_over(lambda: hold_back(world.services, request, packed)), request)
    assert world.seen[1] == []


def test_nothing_is_written_outside_while_the_register_is_held(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No step writes its staging or the destination inside a transaction on the register."""
    engine = services.register.store.database.engine
    written: list[str] = []

    def free(what: str) -> None:
        assert engine.pool.checkedout() == 0, what  # type: ignore[attr-defined]
        written.append(what)

    writer = EncryptedStaging.writer
    monkeypatch.setattr(EncryptedStaging, "writer", lambda own, path: (free(path), writer(own, path))[1])
    inner = services.destination("outbox")

    class Watched:
        name, find, address = "outbox", staticmethod(inner.find), staticmethod(inner.address)

        def deliver(self, name: str, chunks: Iterator[bytes]) -> Any:
            receipt = inner.deliver(name, chunks)
            free(name)
            return receipt

    watched = replace(services, destination=lambda _name: Watched())
    bundle = drive(watched, store(services, ANN))
    assert {PERSON, record_path("shop"), BUNDLE, bundle.name} <= set(written)


DONE = "assessed", "plan_frozen", "extracted shop", "validated", "packed", "bundle_delivered"
EVENTS = dict(zip(CHAIN, (*DONE, "fact_answer_ready"), strict=True))


class Fault(BaseException):
    """What nothing catches."""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_each_step_that_dies_at_its_commit_is_done_once(
    when: str, services: Services, tmp_path: Path
) -> None:
    request = store(services, ANN)
    point = ""

    def at(name: str) -> None:
        if name == point:
            raise Fault

    for step in CHAIN:
        point = f"{when} {EVENTS[step]}"
        with reached(at), pytest.raises(Fault):
            step(services, request)
        step(services, request)

    counts = Counter(event_types(services, request))
    once = {event.partition(" ")[0] for event in EVENTS.values()}
    assert {event: counts[event] for event in once} == dict.fromkeys(once, 1)
    [_] = (tmp_path / "home" / "outbox").iterdir()
    bundle = open_delivered(services, request)
    [packed] = payloads(services, request, "packed")
    assert hashlib.sha256(bundle.read_bytes()).hexdigest() == packed["bundle"]


@dataclass
class Fleet:
    """Settings of two workers, and what they share."""

    first: Settings
    second: Settings
    outbox: Path

    def worker(self, which: str) -> Services:
        return build(lambda _line: None, self.first if which == "first" else self.second)


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    shared = {
        "AFSCHRIFT_REGISTER": f"sqlite:///{tmp_path / 'first' / 'register.db'}",
        "AFSCHRIFT_STAGING": str(tmp_path / "staging"),
        "AFSCHRIFT_DESTINATION_OUTBOX": str(tmp_path / "outbox"),
    }
    made = []
    for name in ("first", "second"):
        own = {"AFSCHRIFT_INVENTORY": str(write_inventory(tmp_path / name / "inventory"))}
        made.append(Settings.from_environment({"AFSCHRIFT_HOME": str(tmp_path / name), **shared, **own}))
    set_up(made[0])
    shutil.copy(made[0].keys, made[1].keys)
    return Fleet(made[0], made[1], tmp_path / "outbox")


STEPS = ("extracted", "validated", "packed", "bundle_delivered")

REST = {
    "extract": lambda worker, request: extract(worker, request, "shop"),
    "validate": validate,
    "package": package,
}


def with_another_map(fleet: Fleet) -> Services:
    write_inventory(fleet.second.inventory, SHOP.replace("nl: Account", "nl: Rekening"))
    return fleet.worker("second")


def of_another_version(fleet: Fleet) -> Services:
    return replace(fleet.worker("second"), package="0.0.9")


def without_keys(fleet: Fleet) -> Services:
    fleet.second.keys.unlink()
    return fleet.worker("second")


def with_other_keys(fleet: Fleet) -> Services:
    fleet.second.keys.unlink()
    KeyStore.create(fleet.second.keys)
    return fleet.worker("second")


HOST = socket.gethostname()

OTHERS: dict[Callable[[Fleet], Services], tuple[type[AfschriftError], str]] = {
    with_another_map: (GateError, f"The inventory changed .*{HOST} has another"),
    of_another_version: (GateError, f"The software version changed .*{HOST} has another"),
    without_keys: (ConfigurationError, r"keys\.json.*What to do: "),
    with_other_keys: (GateError, f"keys than those on {HOST}, .*AFSCHRIFT_KEYS"),
}


@pytest.mark.parametrize(
    ("step", "other"),
    [*product(REST, (with_another_map, without_keys, with_other_keys)), ("extract", of_another_version)],
)
def test_a_worker_that_is_not_as_the_other_is_named_and_does_nothing(
    fleet: Fleet, step: str, other: Callable[[Fleet], Services]
) -> None:
    error, words = OTHERS[other]
    first = fleet.worker("first")
    request = planned(first)
    for name in REST:
        if name == step:
            break
        REST[name](first, request)
    before = event_types(first, request)

    with pytest.raises(error, match=f"(?s){words}"):
        REST[step](other(fleet), request)

    after = event_types(fleet.worker("first"), request)
    assert [kind for kind in after if kind in STEPS] == [kind for kind in before if kind in STEPS]
    assert "has another" in words or after == before
    drive(first, request)  # others go on
    done = [kind for kind in event_types(first, request) if kind in STEPS]
    assert done == list(STEPS)
    assert len(list(fleet.outbox.glob("*.zip"))) == 1
