"""A register with requests and without runs."""

from pathlib import Path

import pytest
from testbed.registers import place

from afschrift.domain.keys import Key
from afschrift.domain.right import Right
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register


class Desk:
    """A register, and requests of one person each."""

    def __init__(self, folder: Path) -> None:
        self.register = Register(place(folder / "register.db"), KeyStore.create(folder / "keys.json"))

    def store(self, at: str, key: str = "1", by: str = "system") -> str:
        case = self.register.cases.open(b"What do you hold about me?", "mail", at, at)
        keys = (Key("customer_id", key),)
        zone, formats = "Europe/Amsterdam", ("csv",)
        return self.register.requests.open(
            case, Right.ACCESS, at, zone, "nl", formats, "outbox", keys, by=by
        ).id


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
