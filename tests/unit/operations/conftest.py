from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.operations.swept import BEGIN, Office

from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register


@pytest.fixture
def office(url: str, tmp_path: Path) -> Office:
    made: list[Office] = []
    register = Register(url, KeyStore.create(tmp_path / "keys.json"), lambda: made[0].now if made else BEGIN)
    made.append(Office(register, tmp_path / "staging"))
    return made[0]
