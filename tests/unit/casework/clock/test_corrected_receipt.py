"""A corrected receipt: keys are looked up as of then, a plan made before it drifts, and the person sees both."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime

import pytest
from testbed.running import run, store

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.casework.clock import ClockService
from afschrift.casework.officer import Officer
from afschrift.domain.errors import GateError
from afschrift.law.roles import Person, Role, Roles
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

EARLIER = datetime(2025, 12, 24, 9, tzinfo=UTC)


def correct(services: Services, request: str) -> None:
    officer = Person("ann", frozenset({"cli:ann"}), frozenset({Role.OFFICER}))
    place = jurisdiction_of(services.inventory.controller)
    clock_service = ClockService(
        Officer(services.register, Roles((officer,)), "cli:ann", now=datetime.now(UTC)), place
    )
    clock_service.correct(request, EARLIER, "other_channel")


def test_the_request_arrived_when_the_correction_says(services: Services) -> None:
    request, other = (store(services, {"customer_id": n}, "portability") for n in "12")

    correct(services, request)

    for found in (services.register.requests.get(request), services.register.requests.all()[0]):
        assert (found.received_at[:10], found.entered_at[:10]) == ("2025-12-24", "2026-01-01")
    untouched = services.register.requests.get(other)
    assert (untouched.received_at[:10], untouched.entered_at) == ("2026-01-01", "")


def test_a_plan_made_before_it_is_made_again(services: Services) -> None:
    request = store(services, {"customer_id": "1"}, "portability")
    assess(services, request)
    classify(services, request)

    correct(services, request)

    with pytest.raises(GateError, match="The receipt changed after the plan"):
        extract(services, request, "shop")
    with zipfile.ZipFile(run(services, request)) as bundle:
        page = next(bundle.read(name).decode() for name in bundle.namelist() if name.endswith("/index.html"))
    assert "Op 24 december 2025 vroeg u ons" in page
    assert "Eerst schreven wij op dat uw verzoek op 1 januari 2026 binnenkwam." in page
