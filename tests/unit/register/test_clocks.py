"""One of many machines has a wrong clock: it is named, and records nothing."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from testbed import postgres as pg

from afschrift.domain.errors import RetriableError
from afschrift.domain.event import NewEvent
from afschrift.register import schema
from afschrift.register.database import errors
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register


@pytest.mark.parametrize(
    ("off", "words"), [(600, "600 s ahead of"), (-600, "600 s behind"), (90, "90 s ahead of")]
)
def test_a_clock_that_is_off_is_named_and_records_nothing(
    postgres: pg.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: int, words: str
) -> None:
    schema.upgrade(postgres.url)
    keys = KeyStore.create(tmp_path / "keys.json")
    right, wrong = Register(postgres.url, keys), Register(postgres.url, keys)
    right.trail.record(None, NewEvent("sweep_done", payload={}))
    before = len(list(right.trail.events()))
    monkeypatch.setattr(errors, "_here", lambda: time.time() + off)

    with pytest.raises(RetriableError, match=f"The clock of {socket.gethostname()} is {words}"):
        wrong.trail.record(None, NewEvent("sweep_done", payload={}))

    assert len(list(wrong.trail.events())) == before
    monkeypatch.undo()
    wrong.trail.record(None, NewEvent("sweep_done", payload={}))
    assert len(list(wrong.trail.events())) == before + 1


def test_a_clock_within_a_minute_is_right_enough(
    postgres: pg.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.upgrade(postgres.url)
    register = Register(postgres.url, KeyStore.create(tmp_path / "keys.json"))
    monkeypatch.setattr(errors, "_here", lambda: time.time() + 50)

    register.trail.record(None, NewEvent("sweep_done", payload={}))
