"""The marker `needs_program` lets a laptop go without a program, and CI not."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests import conftest


@pytest.mark.parametrize(
    ("program", "ci", "outcome"),
    [
        ("sh", "", None),
        ("sh", "true", None),
        ("no-such-program", "", pytest.skip.Exception),
        ("no-such-program", "true", pytest.fail.Exception),
    ],
)
def test_absence_skips_locally_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, program: str, ci: str, outcome: type[BaseException] | None
) -> None:
    monkeypatch.setenv("CI", ci)
    marks = {"needs_program": [pytest.mark.needs_program("sh", program).mark]}
    item: Any = SimpleNamespace(iter_markers=lambda name: marks[name])
    if outcome is None:
        conftest.pytest_runtest_setup(item)
        return
    with pytest.raises(outcome, match="no-such-program is not installed"):
        conftest.pytest_runtest_setup(item)
