"""CeleryExecutor: two workers that share nothing but a store and databases, and one of them is lost.

Takes two to three minutes on two idle cores, so it is a nightly test; `make test-celery` runs it too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.scenarios.losses import Losses

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.nightly,
    pytest.mark.timeout(1_200),
    pytest.mark.skipif("AFSCHRIFT_CELERY" not in os.environ, reason="make test-celery runs it"),
]

REQUESTS = 6


@pytest.fixture(scope="module")
def losses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Losses]:
    """Six requests, and the loss of a worker in the middle of them."""
    from testbed.fleet.fleet import fleet
    from tests.e2e.scenarios.losses import Losses

    with fleet(tmp_path_factory.mktemp("fleet")) as made:
        seen = Losses(made, lambda _line: None)
        seen.begin(REQUESTS)
        seen.kill_one_at_work()
        seen.to_the_end()
        yield seen


def test_each_request_is_delivered_once(losses: Losses) -> None:
    assert losses.states == dict.fromkeys(losses.runs, "success")
    assert losses.delivered == Counter({f"{request}-access.zip": 1 for request in losses.requests})


def test_each_step_is_in_the_trail_once(losses: Losses) -> None:
    assert losses.more_than_once() == {}


def test_the_other_worker_took_over_what_the_lost_one_had(losses: Losses) -> None:
    left = next(worker.name for worker in losses.fleet.workers if not worker.retired)
    assert losses.taken_over
    assert all(f"by {left} at try 2" in line for line in losses.taken_over)


def test_nothing_is_left_in_staging(losses: Losses) -> None:
    assert losses.left_in_staging == []


def test_the_trail_is_whole(losses: Losses) -> None:
    outcome = losses.verified()
    assert outcome.code == 0, outcome.text + outcome.errors
