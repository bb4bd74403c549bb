"""Matrices of which `make test` runs a few cases, and `make test-nightly` the others."""

from collections.abc import Iterable
from typing import Any

import pytest
from tests.support.days import local_today


def nightly_after(daily: int, cases: Iterable[Any]) -> list[Any]:
    """The cases for `parametrize` or `params`, with those after the first `daily` ones marked nightly.

    A tuple is a case of several parameters.
    """
    marked = []
    for number, case in enumerate(cases):
        values = case if isinstance(case, tuple) else (case,)
        marked.append(pytest.param(*values, marks=() if number < daily else pytest.mark.nightly))
    return marked


DRAWN = 250
"""Cases of a property a night; each night draws others than the night before, so that nights add up."""


def drawn_tonight(daily: int) -> list[Any]:
    """Seeds: the same ones by day, and those of this night."""
    first = daily + local_today().toordinal() * DRAWN
    tonight = [
        pytest.param(first + number, id=f"night-{number}", marks=pytest.mark.nightly)
        for number in range(DRAWN)
    ]
    return [*range(daily), *tonight]


DATABASES = ["sqlite", "postgresql"]
both_databases = pytest.mark.parametrize("url", DATABASES, indirect=True)
"""Of a register: what the database decides is tested on both by day, and all else on PostgreSQL by night."""
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
