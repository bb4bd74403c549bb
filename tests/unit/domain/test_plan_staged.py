"""Of which sources something is staged for an answer."""

from __future__ import annotations

from typing import Any

import pytest

from afschrift.domain.plan import ExtractPlan, Plan, Withheld
from afschrift.domain.right import Right

READ = ExtractPlan("shop", "customer", (), "SELECT 1")
HIDDEN = (Withheld("club", "score", ()), Withheld("club", "rating", ()))


@pytest.mark.parametrize(
    ("plan", "sources"),
    [
        ({"withheld": HIDDEN}, ()),  # a whole answer from which all is left out: nothing is staged
        (
            {"withheld": HIDDEN, "after": ("sha",)},
            ("club",),
        ),  # the rest of an answer describes it all the same
        ({"extracts": (READ,), "withheld": HIDDEN, "after": ("sha",)}, ("shop",)),
    ],
)
def test_sources_that_only_withhold_count_in_the_rest_of_an_answer(
    plan: dict[str, Any], sources: tuple[str, ...]
) -> None:
    parts: dict[str, Any] = {"extracts": (), "withheld": ()} | plan
    made = Plan(
        "R-1", Right.ACCESS, "nl", ("csv",), inventory="i", policy="p", package="1", frozen_at="", **parts
    )
    assert made.staged == sources
