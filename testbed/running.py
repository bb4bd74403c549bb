"""Drive a request through the use cases in this process, as the tasks of the DAG do."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from afschrift.app.settings import Settings
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import submit
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.event import Header
from afschrift.domain.instants import utc_now
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import NewFact, Timeline
from afschrift.law.clock.sending import Sending, record_notification
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build
from testbed.delivered import open_delivered
from testbed.registers import set_up

RECEIVED = "2026-01-01T00:00:00Z"


def installation(home: Path, inventory: Path, **more: str) -> Services:
    """A fresh installation below a folder; `more`: of its environment, without `AFSCHRIFT_`."""
    given = {"HOME": str(home), "INVENTORY": str(inventory), **more}
    settings = Settings.from_environment({f"AFSCHRIFT_{name}": value for name, value in given.items()})
    set_up(settings)
    return build(lambda _line: None, settings)


def store(services: Services, keys: Mapping[str, str], right: str = "access", **more: Any) -> str:
    """A stored request of an authenticated person, unless `authenticated=None`."""
    content = {
        "message": "Please send me my data.",
        "channel": "portal",
        "received_at": RECEIVED,
        "right": right,
        "keys": dict(keys),
        "authenticated": {"by": "log-in", "level": "high", "at": RECEIVED},
        **more,
    }
    return submit(services, Intake.model_validate(content), "tester")[0]


def run(services: Services, request: str) -> Path:
    """All steps, after which the person gets the bundle handed over; the path of the opened bundle."""
    bundle = drive(services, request)
    hand_over(services, request)
    return bundle


def packed(services: Services, request: str) -> str:
    """The same request, whose bundle is staged."""
    assess(services, request)
    for source in classify(services, request)["sources"]:
        extract(services, request, source)
    validate(services, request)
    package(services, request)
    return request


def drive(services: Services, request: str) -> Path:
    """Run all steps, as the tasks of a run do. The person is not yet informed of the bundle, which is opened."""
    return _hand_in(services, packed(services, request))


def hand_in(services: Services, request: str) -> Path:
    """The last steps alone, for a bundle that was approved as it is."""
    assess(services, request)
    classify(services, request)
    return _hand_in(services, request)


def _hand_in(services: Services, request: str) -> Path:
    deliver(services, request)
    close(services, request)
    return open_delivered(services, request)


def hand_over(services: Services, request: str) -> None:
    """Record that the person got the answer; a partial response needs no such record."""

    def make(timeline: Timeline) -> list[NewFact]:
        today = local_date(utc_now(), timeline.zone)
        return record_notification(timeline, today, Sending(today, "by_hand", "receipt-1"))

    if services.register.requests.get(request).state.to_inform:
        services.register.facts.record(request, make, "officer")


def run_reviewed(services: Services, request: str) -> Path:
    """The same, with a review that an officer approves."""
    try:
        return run(services, request)
    except NeedsPersonError as needed:
        if needed.question != "review":
            raise
    [*_, asked] = services.register.questions.all(request_id=request)
    services.register.questions.answer(asked.id, "approved", "officer")
    return run(services, request)


def event_types(services: Services, request: str) -> list[str]:
    """Types of a request's events, in order."""
    events: list[tuple[Header, Any]] = services.register.trail.events(request)
    return [header.type for header, _ in events]


def members(bundle: Path) -> dict[str, bytes]:
    """Every file of a bundle, by its path below the folder of the bundle."""
    with zipfile.ZipFile(bundle) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
