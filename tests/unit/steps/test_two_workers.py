"""Two workers with homes of their own, on one register and one staging: one of them is not as the other."""

import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest
from testbed.registers import set_up
from testbed.running import drive, event_types
from testbed.small import SHOP, write_database, write_inventory
from tests.support.driving import planned
from tests.support.moves import extract, package, validate

from afschrift.app.settings import Settings
from afschrift.domain.errors import AfschriftError, ConfigurationError, GateError
from afschrift.register.keys.store import KeyStore
from afschrift.services import Services
from afschrift.wiring.build_services import build


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


def begun(fleet: Fleet, until: str) -> str:
    """A request on which the first worker has worked up to a step."""
    first = fleet.worker("first")
    request = planned(first)
    for name, work in REST.items():
        if name == until:
            break
        work(first, request)
    return request


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
    request = begun(fleet, step)
    first = fleet.worker("first")
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
