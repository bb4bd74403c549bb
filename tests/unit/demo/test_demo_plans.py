"""The demo's plans are what they were, to the byte, and its canary is found in both of its sources."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from demo.canary import PLANTED, checked, plant
from demo.people import HEAVY, WITHDREW
from tests.support.installed import Installation
from tests.support.nightly import nightly_after

from afschrift.app.settings import Settings
from afschrift.canary import check_canary
from afschrift.canary.check_canary import require_canary
from afschrift.canary.signature import sign_canary
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.right import Right
from afschrift.inventory.column import Column
from afschrift.inventory.load import load
from afschrift.inventory.table import Table
from afschrift.law.roles import Roles
from afschrift.questions.ask import Answers
from afschrift.steps.draft import Drafter
from afschrift.wiring.build_services import build

INVENTORY = Path(__file__).parents[3] / "include" / "inventory"
GOLDEN = Path(__file__).parent / "plans.json"
PEOPLE = {"ordinary": 100_006, "heavy": HEAVY.number, "withdrew": WITHDREW.number}


def digests(installation: Installation) -> dict[str, Any]:
    """For each person and right: digest of the plan without what differs from run to run, and what is asked."""
    services, found = installation.services, dict[str, Any]()
    for name, number in PEOPLE.items():
        for right in Right:
            request = services.register.requests.get(installation.submit(number, right.value))
            keys = services.register.identities.of(request.id)
            draft = Drafter(services, request, Answers(())).draft(keys, rfc3339(utc_now()))
            plan = replace(draft.plan, request="", frozen_at="", inventory="", policy="", package="", keys="")
            found[f"{name} {right}"] = {
                "digest": plan.digest(),
                "columns": {extract.name: len(extract.selected) for extract in plan.extracts},
                "asked": sorted(question.words for question in draft.questions),
            }
    return found


def meanings(folder: Path) -> dict[str, str]:
    """For each table of the shop: digest of all that its entry means, and for each column who decided and why."""
    found = {}
    for name, table in load(folder).sources["shop"].tables.items():
        left_out = {"columns", "decided", "defaults", "confirmed", "label"}  # a label is in no plan
        dumped = table.model_dump(mode="json", exclude=left_out, exclude_defaults=True)
        columns = {
            column: [
                declared.model_dump(mode="json", exclude={"decided"}, exclude_defaults=True),
                _decided(table, declared),
            ]
            for column, declared in table.columns.items()
        }
        text = json.dumps([dumped, columns], sort_keys=True)
        found[name] = hashlib.sha256(text.encode()).hexdigest()
    return found


def _decided(table: Table, column: Column) -> Any:
    decided = column.decided or table.decided
    return decided.model_dump(mode="json", exclude={"review"}) if decided else None


def test_every_table_means_what_it_meant() -> None:
    assert meanings(INVENTORY) == json.loads(GOLDEN.read_text(encoding="utf-8"))["tables"]


@pytest.mark.nightly
@pytest.mark.slow
def test_plans_are_as_they_were(installation: Installation) -> None:
    assert digests(installation) == json.loads(GOLDEN.read_text(encoding="utf-8"))["plans"]


@pytest.mark.slow
@pytest.mark.parametrize("rights", nightly_after(1, [[Right.ACCESS], [*Right]]), ids=len)
def test_all_canary_values_are_found_in_both_sources(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rights: list[Right]
) -> None:
    monkeypatch.setattr(check_canary, "RIGHTS", rights)
    settings = Settings.from_environment()
    shutil.copytree(settings.inventory, tmp_path / "inventory")
    settings = replace(settings, inventory=tmp_path / "inventory")
    assert plant(settings, installation.warehouse) == 5
    assert len(list(installation.warehouse.rglob(PLANTED))) == 1
    services = build(lambda _line: None, settings)
    canary = require_canary(settings, services.inventory)
    assert canary.tables.keys() >= {"shop.customer", "shop.loyalty_account", "app.search"}
    register = services.register
    sign_canary(canary, register, register.store.keys, Roles(open_terminal=True), "cli:anna")
    found = checked(settings)
    assert found.whole, found.fault
    assert [right.asked for right in found.rights] == [{}] * len(rights)
