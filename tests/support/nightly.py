"""Matrices of which `make test` runs a few cases, and `make test-nightly` the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def nightly_after(daily: int, cases: Iterable[Any]) -> list[Any]:
    """The cases for `parametrize` or `params`, with those after the first `daily` ones marked nightly.

    A tuple is a case of several parameters.
    """
    marked = []
    for number, case in enumerate(cases):
        values = case if isinstance(case, tuple) else (case,)
        marked.append(pytest.param(*values, marks=() if number < daily else pytest.mark.nightly))
    return marked
