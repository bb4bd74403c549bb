"""Assets announce what the trail recorded since their last event, once, by ids alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.installed import CUSTOMERS, Installation
from tests.support.moves import moved

from afschrift.domain.event import NewEvent
from afschrift.domain.state import State

pytestmark = pytest.mark.usefixtures("airflow_env")


def announced(
    register: Any, inventory: str | None, last: dict[str, Any], days: float = 0
) -> list[tuple[str, Any]]:
    """Names of assets and what their events say; `last` then holds the last one of each."""
    from afschrift.airflow_ext.outside.assets import ASSETS, news

    now = datetime.now(UTC) + timedelta(days=days)
    found = list(news(register, inventory, {asset: last.get(asset.name) for asset in ASSETS}, now))
    last.update({asset.name: ids for asset, ids in found})
    return [(asset.name, ids) for asset, ids in found]


def test_each_event_is_announced_once(installation: Installation) -> None:
    refused, found = (installation.submit(n, "access") for n in CUSTOMERS[:2])
    register, last = installation.services.register, dict[str, Any]()
    assert announced(register, "m1", last) == [("afschrift_map_changed", {"inventory": "m1"})]
    assert announced(register, "m1", last) == []

    moved(register, refused, State.REFUSED, by="cli:anna")
    register.oversight.record_findings([(found, {"code": "run_failed"})])
    register.trail.record(None, NewEvent("register_differs", payload={"found": 1, "codes": ["x"]}))
    first = announced(register, "m2", last)

    seq = {header.type: header.seq for header, _ in register.trail.events()}
    assert first == [
        ("afschrift_refused", {"event": seq["state_changed"], "type": "state_changed", "request": refused}),
        ("afschrift_finding", {"event": seq["sweep_found"], "type": "sweep_found", "request": found}),
        ("afschrift_finding", {"event": seq["register_differs"], "type": "register_differs"}),
        ("afschrift_map_changed", {"inventory": "m2"}),
    ]
    assert announced(register, "m2", last) == []
    register.oversight.record_findings([(found, {"code": "run_lost"})])
    assert [name for name, _ in announced(register, None, last)] == ["afschrift_finding"]  # a map with faults


def test_a_check_that_found_something_announces_a_changed_map(installation: Installation) -> None:
    from afschrift.datamap.check.map_findings import MapFinding, record

    register, last = installation.services.register, dict[str, Any]()
    assert announced(register, "m1", last) == [("afschrift_map_changed", {"inventory": "m1"})]
    seen = []
    for findings in ([MapFinding("shop.x", "table_not_described", "error")], []):
        record(register, findings, [], "airflow:check_inventory")
        [(name, ids)] = announced(register, "m1", last)
        assert (name, ids["inventory"]) == ("afschrift_map_changed", "m1")
        assert announced(register, "m1", last) == []
        seen.append(ids["findings"])
    assert seen[0] != seen[1]


def test_the_first_run_looks_back_a_week_and_later_ones_to_the_last(
    installation: Installation,
) -> None:
    request = installation.submit(CUSTOMERS[0], "access")
    register = installation.services.register
    register.oversight.record_findings([(request, {"code": "run_failed"})])

    assert announced(register, None, {}, days=8) == []
    assert len(announced(register, None, {}, days=6)) == 1
    after_an_outage = announced(register, None, {"afschrift_finding": {"event": 1}}, days=30)
    assert [name for name, _ in after_an_outage] == ["afschrift_finding"]
    restored = announced(register, None, {"afschrift_finding": {"event": 1_000_000}})
    assert [name for name, _ in restored] == ["afschrift_finding"]
