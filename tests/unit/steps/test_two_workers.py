"""Two workers with homes of their own, on one register and one staging: one of them is not as the other."""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from testbed.registers import set_up
from testbed.running import drive, event_types
from testbed.small import SHOP, write_database, write_inventory
from tests.support.driving import planned

from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, GateError
from afschrift.register.keys.store import KeyStore
from afschrift.services import Services
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate
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


@pytest.mark.parametrize(
    ("step", "other"),
    [*((step, "inventory") for step in REST), ("extract", "software version")],
)
def test_a_worker_with_another_installation_is_named_and_does_nothing(
    fleet: Fleet, step: str, other: str
) -> None:
    request = begun(fleet, step)
    before = [kind for kind in event_types(fleet.worker("first"), request) if kind in STEPS]
    if other == "inventory":
        write_inventory(fleet.second.inventory, SHOP.replace("nl: Account", "nl: Rekening"))
        second = fleet.worker("second")
    else:
        second = replace(fleet.worker("second"), package="0.0.9")

    with pytest.raises(GateError, match=f"The {other} changed .*{socket.gethostname()} has another"):
        REST[step](second, request)

    first = fleet.worker("first")
    assert [kind for kind in event_types(first, request) if kind in STEPS] == before
    drive(first, request)
    done = [kind for kind in event_types(first, request) if kind in STEPS]
    assert done == list(STEPS)
    assert len(list(fleet.outbox.glob("*.zip"))) == 1


@pytest.mark.parametrize("step", REST)
def test_missing_secret_on_a_worker_is_named_and_others_go_on(fleet: Fleet, step: str) -> None:
    request = begun(fleet, step)
    fleet.second.keys.unlink()

    with pytest.raises(ConfigurationError, match=str(fleet.second.keys)) as error:
        REST[step](fleet.worker("second"), request)

    assert "What to do: " in str(error.value)
    drive(fleet.worker("first"), request)
    assert len(list(fleet.outbox.glob("*.zip"))) == 1


@pytest.mark.parametrize("step", REST)
def test_worker_with_other_keys_is_named_and_closes_no_request(fleet: Fleet, step: str) -> None:
    request = begun(fleet, step)
    first, events = fleet.worker("first"), event_types(fleet.worker("first"), request)
    fleet.second.keys.unlink()
    KeyStore.create(fleet.second.keys)

    with pytest.raises(GateError, match=f"keys than those on {socket.gethostname()}, .*AFSCHRIFT_KEYS"):
        REST[step](fleet.worker("second"), request)

    assert event_types(first, request) == events
    REST[step](first, request)
