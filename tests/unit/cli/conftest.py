"""An installation over the small shop, named by the environment, as the tests of commands share it."""

from pathlib import Path

import pytest
from testbed.running import installation
from testbed.small import FILE, write_database, write_inventory
from tests.support.command_line import without_settings

from afschrift.services import Services


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation that is not made yet: no other setting is given."""
    without_settings(monkeypatch)
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def inventory(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the small shop's inventory."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / FILE)))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "inventory"))
    return write_inventory(tmp_path / "inventory")


@pytest.fixture
def services(home: Path, inventory: Path) -> Services:
    return installation(home, inventory)
