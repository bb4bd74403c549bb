"""Bring a request of a test to a step, and read what the register keeps of it."""

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from testbed.running import members, store

from afschrift.domain.errors import NeedsPersonError
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

ANN = {"customer_id": "1"}


def assessed(services: Services, keys: Mapping[str, str] = ANN, right: str = "access", **more: Any) -> str:
    """A stored request that was assessed."""
    request = store(services, keys, right, **more)
    assess(services, request)
    return request


def planned(services: Services, keys: Mapping[str, str] = ANN, right: str = "access", **more: Any) -> str:
    """A stored request with a frozen plan."""
    request = assessed(services, keys, right, **more)
    classify(services, request)
    return request


def extracted(services: Services, keys: Mapping[str, str] = ANN, right: str = "access", **more: Any) -> str:
    """A stored request whose rows of the source `shop` are staged."""
    request = planned(services, keys, right, **more)
    extract(services, request, "shop")
    return request


def stopped(step: Callable[[Services, str], Any], services: Services, request: str) -> NeedsPersonError:
    """The error of a step that ends at a question to a person."""
    with pytest.raises(NeedsPersonError) as caught:
        step(services, request)
    return caught.value


def answer_all(services: Services, request: str, choice: str) -> None:
    """Answer all open questions of a request."""
    for question in services.register.questions.all(request_id=request):
        services.register.questions.answer(question.id, choice, "officer")


def payloads(services: Services, request: str, kind: str) -> list[dict[str, Any]]:
    """What the events of a type recorded."""
    events = services.register.trail.events(request)
    return [payload or {} for header, payload in events if header.type == kind]


def given_rows(bundle: Path, table: str) -> list[dict[str, str]]:
    """The rows of a table of the source `shop`, as the CSV file of a bundle has them."""
    return list(csv.DictReader(io.StringIO(members(bundle)[f"data/shop/{table}.csv"].decode(), newline="")))
