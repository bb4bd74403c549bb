"""Which errors are tried again, and the last line of a failed task's log."""

import importlib
import logging
import pkgutil
from typing import Any

import pytest

import afschrift
from afschrift.domain import errors
from afschrift.inventory.document import Fault, InventoryError

pytestmark = pytest.mark.usefixtures("airflow_env")

FAULTY = InventoryError([Fault("shop.yml", 3, "tables", "is missing")])
AGAIN = {"RetriableError", "SourceDownError", "StagedFileError"}
"""Errors that a second attempt may not meet; all others wait until a person mends something."""


def every_error(
    kind: type[errors.AfschriftError] = errors.AfschriftError,
) -> set[type[errors.AfschriftError]]:
    """Our errors of all modules, wherever they are defined."""
    return {kind}.union(*map(every_error, kind.__subclasses__()))


def import_everything() -> None:
    for module in pkgutil.walk_packages(afschrift.__path__, "afschrift."):
        if ".migrations." not in module.name:  # Alembic alone can load those
            importlib.import_module(module.name)


def test_only_what_may_pass_is_tried_again() -> None:
    from afschrift.airflow_ext.retry import POLICY

    import_everything()
    kinds = every_error()
    # The policy goes by the class, so no constructor has to be known here.
    decisions = {k: POLICY.evaluate(k.__new__(k, "Something."), try_number=1, max_tries=2) for k in kinds}

    assert len(kinds) > 15
    assert {kind.__name__ for kind, made in decisions.items() if made.action.value == "retry"} == AGAIN
    assert {made.action.value for made in decisions.values()} == {"retry", "fail"}
    assert {made.retry_delay for made in decisions.values()} == {None}  # the task's own, which grows
    for error, action in ((RuntimeError(), "default"), (FAULTY, "fail")):  # the first by Airflow's own rules
        assert POLICY.evaluate(error, try_number=1, max_tries=2).action.value == action


MEND = "What to do: mend it, then clear this task: what is finished is not done again."


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (errors.GateError("No plan.", remedy="start again."), "No plan. What to do: start again."),
        (errors.RetriableError("Source shop is down."), f"Source shop is down. {MEND}"),
        (RuntimeError("Kanarie"), f"The task was ended (RuntimeError). {MEND}"),
    ],
)
def test_the_last_line_says_what_to_do(error: Exception, line: str, caplog: pytest.LogCaptureFixture) -> None:
    from afschrift.airflow_ext.retry import last_line

    context: Any = {"exception": error}
    with caplog.at_level(logging.ERROR, "afschrift.run"):
        last_line(context)

    assert caplog.messages == [line]
