"""A step that dies before or after the commit of its event, and runs again, gives the same as one that did not.

Here the fault is an exception at the point. `tests/e2e/test_running_airflow.py` kills the tasks of an Airflow at
the same points.
"""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from testbed.running import event_types, store
from tests.support.attempts import ANN, CHAIN
from tests.support.driving import payloads
from tests.support.watched.killing import reached

from afschrift.services import Services

pytestmark = pytest.mark.slow

DONE = (
    "assessed",
    "plan_frozen",
    "extracted shop",
    "validated",
    "packed",
    "bundle_delivered",
    "fact_answer_ready",
)
EVENTS = dict(zip(CHAIN, DONE, strict=True))


class Fault(BaseException):
    """What nothing catches."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_each_step_that_dies_at_its_commit_is_done_once(
    when: str, services: Services, tmp_path: Path
) -> None:
    request = store(services, ANN)
    point = ""

    def at(name: str) -> None:
        if name == point:
            raise Fault

    for step in CHAIN:
        point = f"{when} {EVENTS[step]}"
        with reached(at), pytest.raises(Fault):
            step(services, request)
        step(services, request)

    counts = Counter(event_types(services, request))
    once = {event.partition(" ")[0] for event in EVENTS.values()}
    assert {event: counts[event] for event in once} == dict.fromkeys(once, 1)
    [bundle] = (tmp_path / "home" / "outbox").iterdir()
    [packed] = payloads(services, request, "packed")
    assert hashlib.sha256(bundle.read_bytes()).hexdigest() == packed["bundle"]
