"""Writers die between two statements; the full number of kills is `python -m bench.kills`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest
from bench.kills import kill_writers
from sqlalchemy import Connection

from afschrift.register.base import Repository
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

pytestmark = pytest.mark.slow

KILLS = 20


@pytest.fixture
def key_file(keys: KeyStore, tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.json"


def test_no_kill_parts_a_state_from_its_event(url: str, keys: KeyStore, key_file: Path) -> None:
    seed = SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    report = kill_writers(url, key_file, KILLS, seed)
    assert (report.faults, report.rounds) == ([], KILLS), f"seed {seed}"
    assert {*report.died} - {"BEGIN", "SET", "SELECT"}, "no writer died where it matters"
    assert Register(url, keys).trail.verify() == []


class Torn(Register):
    """A register as it must not be: what was changed is committed before its event is written."""

    def __init__(self, url: str, keys: KeyStore) -> None:
        super().__init__(url, keys)
        for part in vars(self).values():
            if isinstance(part, Repository):
                part._append = partial(self._torn, part._append)  # type: ignore[method-assign]

    def _torn(self, append: Callable[..., None], tx: Connection, *given: Any) -> None:
        driver: Any = tx.connection.driver_connection
        driver.commit()
        if self.store.database.sqlite:
            driver.execute("BEGIN IMMEDIATE")
        append(tx, *given)


def test_a_register_of_two_transactions_is_found_out(url: str, key_file: Path) -> None:
    report = kill_writers(url, key_file, 300, seed=1, register_class=Torn)
    assert report.faults
    assert report.rounds < 100
