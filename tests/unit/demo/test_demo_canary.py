"""The canary of the demo is planted in both of its sources, and all of it is found."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from demo.canary import PLANTED, checked, plant
from tests.support.installed import Installation

from afschrift.app.settings import Settings
from afschrift.canary.check_canary import require_canary
from afschrift.canary.signature import sign_canary
from afschrift.law.roles import Roles
from afschrift.wiring.build_services import build

pytestmark = pytest.mark.slow


def test_all_canary_values_are_found_in_both_sources(installation: Installation, tmp_path: Path) -> None:
    settings = Settings.from_environment()
    shutil.copytree(settings.inventory, tmp_path / "inventory")
    settings = replace(settings, inventory=tmp_path / "inventory")
    assert plant(settings, installation.warehouse) == 5
    assert len(list(installation.warehouse.rglob(PLANTED))) == 1
    services = build(lambda _line: None, settings)
    canary = require_canary(settings, services.inventory)
    assert canary.tables.keys() >= {"shop.customer", "shop.loyalty_account", "app.search"}
    sign_canary(
        canary, services.register, services.register.store.keys, Roles(open_terminal=True), "cli:anna"
    )
    found = checked(settings)
    assert found.whole, found.fault
    assert [right.asked for right in found.rights] == [{}, {}]
