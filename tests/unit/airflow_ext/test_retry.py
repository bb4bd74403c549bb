"""Which errors are tried again, and the last line of a failed task's log."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from afschrift.core import errors

pytestmark = pytest.mark.usefixtures("airflow_env")

ALL = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type)
    and issubclass(kind, errors.AfschriftError)
    and kind not in (errors.NeedsPersonError, errors.MarkerCollisionError)
]


@pytest.mark.parametrize("kind", ALL)
def test_only_what_may_pass_is_tried_again(kind: type[errors.AfschriftError]) -> None:
    from afschrift.airflow_ext.retry import POLICY

    decision = POLICY.evaluate(kind("Something."), try_number=1, max_tries=2)

    assert decision.action.value == ("retry" if kind is errors.RetriableError else "fail")
    assert decision.retry_delay is None  # the task's own, which grows


def test_errors_of_airflow_follow_its_own_rules() -> None:
    from afschrift.airflow_ext.retry import POLICY

    assert POLICY.evaluate(RuntimeError(), try_number=1, max_tries=2).action.value == "default"


def test_an_inventory_with_faults_fails_at_once() -> None:
    from afschrift.airflow_ext.retry import POLICY
    from afschrift.inventory.faults import Fault, InventoryError

    error = InventoryError([Fault("shop.yml", 3, "tables", "is missing")])

    assert POLICY.evaluate(error, try_number=1, max_tries=2).action.value == "fail"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (errors.GateError("No plan.", way_out="start again."), "No plan. What to do: start again."),
        (
            errors.RetriableError("Source shop is down."),
            "Source shop is down. What to do: mend it, then clear this task: "
            "what is finished is not done again.",
        ),
        (
            RuntimeError("Kanarie"),
            "The task was ended (RuntimeError). What to do: mend it, then clear this task: "
            "what is finished is not done again.",
        ),
    ],
)
def test_the_last_line_says_what_to_do(error: Exception, line: str, caplog: pytest.LogCaptureFixture) -> None:
    from afschrift.airflow_ext.retry import last_line

    context: Any = {"exception": error}
    with caplog.at_level(logging.ERROR, "afschrift.run"):
        last_line(context)

    assert caplog.messages == [line]
