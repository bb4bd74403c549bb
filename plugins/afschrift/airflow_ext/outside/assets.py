"""Events of Airflow's assets for what happened, so that other DAGs can be scheduled on them.

    @dag(schedule=[DELIVERED])
    def notify_the_portal(): ...

The trail records what happened in tasks, on pages and at terminals. So one task reads it, from the event on
that the last asset event names; what Airflow has already is not announced again.
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
ALIASES = tuple(AssetAlias(asset.name) for asset in ASSETS)
"""Outlets of the task: an asset would get an event with each success, an alias only when one is added."""

_TYPES: Mapping[Asset, Sequence[str]] = {
    DELIVERED: ("bundle_delivered",),
    REFUSED: ("state_changed",),
    FINDING: ("sweep_found", "gate_bypassed", "drift_found", "register_differs"),
}
BACK = timedelta(days=7)
"""How far an asset without an event in Airflow looks back."""


def news(
    register: Register, inventory: str | None, last: Mapping[Asset, Mapping[str, Any] | None], now: datetime
) -> Iterator[tuple[Asset, dict[str, Any]]]:
    """What happened and is not announced to Airflow yet: asset, and the ids that its event holds.

    Args:
        register: of the installation.
        inventory: digest of the present data map; None: it cannot be read.
        last: asset -> content of its last event in Airflow; None: it has none.
        now: the present instant, aware.
    """
    head, _ = register.trail.head()
    for asset, types in _TYPES.items():
        seq = int((last[asset] or {}).get("event", 0))
        seq = seq if seq <= head else 0  # the register was restored or replaced, so the number is not its own
        for header, payload in register.oversight.happened(seq, now - BACK, types):
            if asset is not REFUSED or (payload or {}).get("to") == State.REFUSED:
                of_request = {"request": header.request} if header.request else {}
                yield asset, {"event": header.seq, "type": header.type, **of_request}
    if inventory is not None and (changed := map_news(register, inventory, last[MAP_CHANGED])):
        yield MAP_CHANGED, changed


def map_news(register: Register, inventory: str, last: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Content of an event about the present map: the digests of the inventory and of its findings.

    Returns:
        None where the last event, `last`, says the same.
    """
    from afschrift.datamap.check.map_findings import status

    found = status(register)
    now = {"inventory": inventory} | ({"findings": found} if found else {})
    return None if last is not None and now == {name: last.get(name) for name in now} else now


def announce_map(register: Register, inventory: str, inlet_events: Any, outlet_events: Any) -> None:
    """Make an event of `MAP_CHANGED` where the map differs from its last event."""
    last = next(iter(inlet_events[MAP_CHANGED].ascending(False).limit(1)), None)
    changed = map_news(register, inventory, last.extra if last else None)
    if changed:
        outlet_events[AssetAlias(MAP_CHANGED.name)].add(MAP_CHANGED, extra=changed)
