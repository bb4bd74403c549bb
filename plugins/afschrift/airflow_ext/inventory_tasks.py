"""The tasks of `check_inventory`. Airflow shows their docstrings with them."""

from __future__ import annotations

import logging
from typing import Any

from afschrift.airflow_ext.step import shown
from afschrift.domain.errors import RetriableError

BY = "airflow:check_inventory"

log = logging.getLogger("afschrift.run")


def check(ti: Any = None, inlet_events: Any = None, outlet_events: Any = None) -> dict[str, Any]:
    """Compare the inventory with every source, record what is new or mended, announce that the map changed.

    Hands on counts, the sources that were not reached, and the names of the notifiers.
    """
    with shown():
        from afschrift.airflow_ext.notifiers import load_notifiers
        from afschrift.airflow_ext.outside.assets import announce_map
        from afschrift.airflow_ext.outside.metrics import send_map
        from afschrift.airflow_ext.queues import must_be_its_queue
        from afschrift.airflow_ext.secrets import connection
        from afschrift.datamap.check.finding import Severity, failures
        from afschrift.datamap.check.map_check import check_sources
        from afschrift.datamap.check.map_findings import MapFinding, record
        from afschrift.register.open import open_register
        from afschrift.wiring.build_services import load_inventory

        notifiers, inventory, register = sorted(load_notifiers()), load_inventory(), open_register()
        must_be_its_queue(ti, inventory)
        report = check_sources(inventory, connect=connection)
        kept = list(failures(report, Severity.WARNING))
        found = [MapFinding(row.place, row.code.value, row.severity.value) for row in kept]
        not_reached = [missed.source for missed in report.not_reached]
        undecided = {(row.place, code.value) for row in report.findings for code in row.undecided}
        settled = {(row.place, row.code.value) for row in report.findings if row.settled}
        checked = record(
            register,
            found,
            not_reached,
            BY,
            undecided=undecided,
            inventory=inventory.digest,
            settled=settled,
        )
        for finding in failures(report, Severity.NOTE):
            log.info("%s: %s. What to do: %s.", finding.severity, finding.sentence, finding.remedy)
        for missed in report.not_reached:
            log.warning("Source %s was not reached: %s", missed.source, missed.why)
        stops = sum(finding.stops for finding in checked.findings)
        send_map(len(checked.findings), stops)
        announce_map(register, inventory.digest, inlet_events, outlet_events)
        log.info(
            "Findings: %d, new: %d, mended: %d; requests wait for %d of them.",
            len(checked.findings),
            len(checked.new),
            len(checked.mended),
            stops,
        )
        counts = {"findings": len(checked.findings), "new": len(checked.new), "mended": len(checked.mended)}
        return {**counts, "not_reached": not_reached, "notifiers": notifiers}


def names(checked: dict[str, Any]) -> list[str]:
    """Hand on the notifiers, one each."""
    return list(checked["notifiers"])


def notify(name: str) -> int:
    """Send one notifier what is new for it; skipped where nothing is.

    A notifier that fails does not stop the others; the next run notifies it again.
    """
    with shown():
        from afschrift.airflow_ext.notifiers import send_reminders
        from afschrift.datamap.check.map_findings import map_reminder
        from afschrift.register.open import open_register

        return send_reminders(name, [map_reminder(open_register(), BY)])


def reached(checked: dict[str, Any]) -> int:
    """Fail while a source was not reached: what it holds is not known, and its earlier findings remain."""
    with shown():
        if missed := checked["not_reached"]:
            raise RetriableError(
                f"Not reached, and so not checked: {', '.join(missed)}.",
                remedy="see the log of `check`; when they are back, clear `check`, or wait for tomorrow.",
            )
        return 0
