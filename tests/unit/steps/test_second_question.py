"""What is committed while a step works outside the register stops it: the gate is asked again before it counts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from testbed.running import drive, event_types, store
from tests.support.attempts import ANN, World, extract_shop
from tests.support.moves import moved

from afschrift.domain.errors import GateError, NeedsPersonError
from afschrift.domain.state import State
from afschrift.extraction.staged_records import record_path
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_file import BUNDLE, PERSON
from afschrift.steps.deliver import deliver

Commit = Callable[[Services, str], Any]


def decided(kind: str, choice: str, services: Services, request: str, about: str | None = None) -> None:
    services.register.decisions.take(request, kind, choice, "officer", about=about)


def withdrawn(services: Services, request: str) -> None:
    moved(services.register, request, State.WITHDRAWN)


def put_on_hold(services: Services, request: str) -> None:
    """A question that waits for a person: the request is not in work meanwhile."""
    services.register.questions.ask(request, "residual_rows", options=("leave_out",), detail={"column": "x"})


COMMITS: dict[str, tuple[Commit, str]] = {
    "revocation": (partial(decided, "identity", "not_confirmed"), "no identity decision"),
    "withdrawal": (withdrawn, "is closed"),
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
        name = "outbox"

        def deliver(self, name: str, chunks: Iterator[bytes]) -> Any:
            receipt = inner.deliver(name, chunks)
            free(name)
            return receipt

    watched = replace(services, destination=lambda _name: Watched())
    bundle = drive(watched, store(services, ANN))
    assert {PERSON, record_path("shop"), BUNDLE, bundle.name} <= set(written)
