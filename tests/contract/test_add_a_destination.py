"""A kind of destination is a class and a line in the registry; the settings name it, with its credentials."""

import hashlib
import inspect
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from testbed.running import run, store
from testbed.small import write_database, write_inventory
from tests.contract import test_destination_contract as contract
from upath import UPath

from afschrift.app.settings import Settings
from afschrift.destinations.registry import DESTINATIONS, open_destination
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.files import Receipt, check_name
from afschrift.register.open import initialise
from afschrift.wiring.build_services import build

PIN = "hunter2"


class Drawer:
    """A drawer of a cabinet, which a code opens."""

    def __init__(self, name: str, cabinet: str, pin: str, drawer: int = 1) -> None:
        self.name = name
        self._folder = Path(cabinet) / f"drawer-{drawer}"
        self._pin = pin

    def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
        check_name(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        part, target = self._folder / f".{name}.part", self._folder / name
        content = b"".join(chunks)
        if target.exists() and target.read_bytes() != content:
            raise ConfigurationError(f"Another file named {name} lies in the drawer.", remedy="look.")
        part.write_bytes(content)
        part.replace(target)
        return Receipt(str(target), len(content), hashlib.sha256(content).hexdigest())

    def find(self, name: str) -> Receipt | None:
        check_name(name)
        if not (self._folder / name).exists():
            return None
        (self._folder / f".{name}.part").unlink(missing_ok=True)
        content = (self._folder / name).read_bytes()
        return Receipt(str(self._folder / name), len(content), hashlib.sha256(content).hexdigest())

    def remove(self, name: str) -> bool:
        check_name(name)
        (self._folder / f".{name}.part").unlink(missing_ok=True)
        there = (self._folder / name).exists()
        (self._folder / name).unlink(missing_ok=True)
        return there

    def link(self, name: str, until: datetime) -> str | None:
        return None

    def address(self, name: str) -> str:
        return str(self._folder / name)

    def reach(self) -> None:
        if not self._folder.parent.is_dir():
            raise ConfigurationError("There is no cabinet.", remedy="look.")


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DESTINATIONS, "drawer", Drawer)  # type: ignore[arg-type]


def settings(folder: Path, options: Any, **more: str) -> Settings:
    """An installation whose destination `archive` has a file with options."""
    file = folder / "archive.json"
    file.write_text(json.dumps(options))
    file.chmod(0o600)
    environment = {
        "AFSCHRIFT_HOME": str(folder / "home"),
        "AFSCHRIFT_INVENTORY": str(folder / "inventory"),
        "AFSCHRIFT_DESTINATION_ARCHIVE_OPTIONS": str(file),
    }
    return Settings.from_environment(environment | more)


def test_a_request_is_delivered_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    write_inventory(tmp_path / "inventory")
    cabinet = tmp_path / "cabinet"
    configured = settings(tmp_path, {"kind": "drawer", "cabinet": str(cabinet), "pin": PIN, "drawer": 3})
    initialise(configured)
    services = build(lambda _line: None, configured)

    bundle = run(services, store(services, {"customer_id": "1"}, destination="archive"))

    assert [path.name for path in (cabinet / "drawer-3").iterdir()] == [bundle.name]
    assert PIN not in repr(configured)


CONTRACT = [
    (name, test)
    for name, test in vars(contract).items()
    if name.startswith("test_") and list(inspect.signature(test).parameters) == ["place"]
]


@pytest.mark.parametrize("test", [test for _, test in CONTRACT], ids=[name for name, _ in CONTRACT])
def test_a_new_destination_passes_the_contract(test: Callable[..., None], tmp_path: Path) -> None:
    drawer = open_destination("archive", {"kind": "drawer", "cabinet": str(tmp_path), "pin": PIN})
    place = contract.Place(drawer, UPath(tmp_path / "drawer-1"))
    test(place)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "pigeon", "pin": PIN}, "let 'kind' be one of folder, portal, drawer"),
        ({"kind": ["drawer"], "pin": PIN}, "let 'kind' be one of folder, portal, drawer"),
        ({"kind": "drawer", "pin": PIN}, "give 'cabinet', 'pin' and, where needed, 'drawer'"),
        ({"kind": "drawer", "cabinet": "x", "pin": PIN, "shelf": PIN}, "give 'cabinet', 'pin'"),
        ({"pin": PIN}, "give 'url' and, where needed, 'options'"),
        ([PIN], "a JSON object; docs/operator/operations.md lists what it takes"),
    ],
)
def test_what_does_not_fit_names_the_setting_and_what_would(
    tmp_path: Path, options: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match="'archive'") as caught:
        open_destination("archive", settings(tmp_path, options).destination("archive"))
    assert "AFSCHRIFT_DESTINATION_ARCHIVE_OPTIONS" in str(caught.value)
    assert message in str(caught.value)
    assert PIN not in str(caught.value)


def test_options_that_others_can_read_are_not_taken(tmp_path: Path) -> None:
    configured = settings(tmp_path, {"kind": "drawer", "cabinet": "x", "pin": PIN})
    (tmp_path / "archive.json").chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"'archive' .* open to other accounts.*chmod 600"):
        configured.destination("archive")


def test_a_folder_needs_only_an_address(tmp_path: Path) -> None:
    url = "s3://user:hunter2@bucket/outbox"
    configured = settings(tmp_path, {}, AFSCHRIFT_DESTINATION_PORTAL=url)
    assert configured.destination("portal") == {"kind": "folder", "url": url}
    assert configured.destination("outbox") == {"kind": "folder", "url": str(tmp_path / "home" / "outbox")}
    assert PIN not in repr(configured)
    with pytest.raises(ConfigurationError, match=r"archive, outbox, portal.*AFSCHRIFT_DESTINATION_<NAME>"):
        configured.destination("elsewhere")


def test_a_folder_takes_options_beside_its_address(tmp_path: Path) -> None:
    credentials = {"key": "me", "secret": PIN}
    address = "s3://bucket/outbox"
    configured = settings(tmp_path, {"options": credentials}, AFSCHRIFT_DESTINATION_ARCHIVE=address)
    assert configured.destination("archive") == {"kind": "folder", "url": address, "options": credentials}


def test_the_outbox_may_be_of_another_kind(tmp_path: Path) -> None:
    other = {"kind": "drawer", "cabinet": "x", "pin": PIN}
    configured = settings(
        tmp_path, other, AFSCHRIFT_DESTINATION_OUTBOX_OPTIONS=str(tmp_path / "archive.json")
    )
    assert configured.destination("outbox") == other
