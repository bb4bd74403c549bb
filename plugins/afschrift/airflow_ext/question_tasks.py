"""The tasks of `tell_questions`. Airflow shows their docstrings with them."""

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
    """Notify one notifier of the open questions that are new for it; skipped where none is.

    A notifier that fails does not stop the others; the next run notifies it again.
    """
    with shown():
        from afschrift.airflow_ext.notifiers import send_reminders
        from afschrift.casework.notices.questions import question_reminder
        from afschrift.register.open import open_register

        return send_reminders(name, [question_reminder(open_register(), BY)])


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
        last = {asset: next(iter(inlet_events[asset].ascending(False).limit(1)), None) for asset in ASSETS}
        extras = {asset: event.extra if event else None for asset, event in last.items()}
        aliases = dict(zip(ASSETS, ALIASES, strict=True))
        announced = 0
        for asset, ids in news(open_register(), inventory, extras, utc_now()):
            outlet_events[aliases[asset]].add(asset, extra=ids)
            announced += 1
        log.info("Announced as asset events: %d.", announced)
        return announced
