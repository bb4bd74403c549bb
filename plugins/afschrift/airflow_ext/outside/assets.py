"""What happened, as events of Airflow's assets, so that a DAG of one's own starts by it.

    @dag(schedule=[DELIVERED])
    def tell_the_portal(): ...

The trail says what happened, whoever did it: a task, a page, a terminal. So one task reads it, from where the
last event of an asset left off; what stands in Airflow already is not told again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

from afschrift.domain.state import State

if TYPE_CHECKING:
    from afschrift.register.register import Register

DELIVERED = Asset("afschrift_delivered", uri="afschrift://delivered")
REFUSED = Asset("afschrift_refused", uri="afschrift://refused")
MAP_CHANGED = Asset("afschrift_map_changed", uri="afschrift://map_changed")
FINDING = Asset("afschrift_finding", uri="afschrift://finding")

ASSETS = (DELIVERED, REFUSED, FINDING, MAP_CHANGED)
"""docs/operator/monitoring.md says when each has an event."""
ALIASES = tuple(AssetAlias(one.name) for one in ASSETS)
"""Outlets: an asset has an event whenever its task succeeds, an alias when something is added to it."""

_TYPES: Mapping[Asset, Sequence[str]] = {
    DELIVERED: ("bundle_delivered",),
    REFUSED: ("state_changed",),
    FINDING: ("sweep_found", "gate_bypassed", "drift_found", "register_differs"),
}
BACK = timedelta(days=7)
"""How far an asset without an event in Airflow looks back."""


def news(
    register: Register, inventory: str | None, told: Mapping[Asset, Mapping[str, Any] | None], now: datetime
) -> Iterator[tuple[Asset, dict[str, Any]]]:
    """What happened and Airflow was not told yet: asset, and the ids that its event holds.

    Args:
        register: of the installation.
        inventory: digest of the data map as it is; None: it cannot be read.
        told: asset -> what its last event in Airflow says; None: it has none.
        now: the present moment, aware.
    """
    head, _ = register.trail.head()
    for asset, types in _TYPES.items():
        last = int((told[asset] or {}).get("event", 0))
        last = last if last <= head else 0  # a register was restored, or another one took its place
        for header, payload in register.oversight.happened(last, now - BACK, types):
            if asset is not REFUSED or (payload or {}).get("to") == State.REFUSED:
                of_request = {"request": header.request} if header.request else {}
                yield asset, {"event": header.seq, "type": header.type, **of_request}
    if inventory is not None and (changed := map_news(register, inventory, told[MAP_CHANGED])):
        yield MAP_CHANGED, changed


def map_news(register: Register, inventory: str, told: Mapping[str, Any] | None) -> dict[str, str] | None:
    """What an event says of the map as it is: the digest of the inventory, and that of what its check found.

    Returns:
        None where the last event, `told`, says the same.
    """
    from afschrift.datamap.check.map_findings import status

    found = status(register)
    now = {"inventory": inventory} | ({"findings": found} if found else {})
    return None if told is not None and now == {name: told.get(name) for name in now} else now


def announce_map(register: Register, inventory: str, inlet_events: Any, outlet_events: Any) -> None:
    """Make an event of `MAP_CHANGED` where the map is another one than its last event says."""
    last = next(iter(inlet_events[MAP_CHANGED].ascending(False).limit(1)), None)
    changed = map_news(register, inventory, last.extra if last else None)
    if changed:
        outlet_events[AssetAlias(MAP_CHANGED.name)].add(MAP_CHANGED, extra=changed)
