"""The tasks of `tell_questions`. Their docstrings are what Airflow shows beside them."""

from __future__ import annotations

import logging
from typing import Any

from afschrift.airflow_ext.step import shown

BY = "airflow:tell_questions"

log = logging.getLogger("afschrift.run")


def names() -> list[str]:
    """Hand on the notifiers, one each."""
    with shown():
        from afschrift.airflow_ext.notifiers import load_notifiers

        return sorted(load_notifiers())


def notify(name: str) -> int:
    """Tell one notifier of the open questions it was not told of; skipped where there are none.

    One that fails hides no other, and is told again by the next run.
    """
    with shown():
        from afschrift.airflow_ext.notifiers import tell
        from afschrift.casework.notices.questions import question_reminder
        from afschrift.register.open import open_register

        return tell(name, [question_reminder(open_register(), BY)])


def announce(inlet_events: Any = None, outlet_events: Any = None) -> int:
    """Send the gauges to Airflow's metrics, and make an asset event of each thing that happened since.

    Hands on how many asset events there are.
    """
    with shown():
        from afschrift.airflow_ext.outside.assets import ALIASES, ASSETS, news
        from afschrift.airflow_ext.outside.metrics import send_figures
        from afschrift.domain.instants import utc_now
        from afschrift.inventory.document import InventoryError
        from afschrift.operations.figures import figures
        from afschrift.register.open import open_register
        from afschrift.wiring.build_services import load_inventory

        send_figures(figures())
        try:
            inventory = load_inventory().digest
        except InventoryError:
            inventory = None
            log.warning("The inventory has faults: `afschrift inventory check`. It is not announced.")
        told = {one: next(iter(inlet_events[one].ascending(False).limit(1)), None) for one in ASSETS}
        extras = {one: event.extra if event else None for one, event in told.items()}
        aliases = dict(zip(ASSETS, ALIASES, strict=True))
        said = 0
        for asset, ids in news(open_register(), inventory, extras, utc_now()):
            outlet_events[aliases[asset]].add(asset, extra=ids)
            said += 1
        log.info("Announced as asset events: %d.", said)
        return said
