"""No test module asks what day it is while it is read: a run that goes over midnight would keep yesterday."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from tests.support.days import days_away, local_today

ASKS = {"now", "today", "utc_now", "local_today"}


def asked_when_read(node: ast.AST) -> Iterator[int]:
    """Lines on which a clock is asked outside the body of a function; decorators and defaults are outside."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inner: list[ast.AST] = [*node.decorator_list, node.args]
    elif isinstance(node, ast.Lambda):
        inner = [node.args]
    else:
        inner = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in ASKS:
            yield node.lineno
    for child in inner:
        yield from asked_when_read(child)


def test_no_module_keeps_the_day_on_which_it_was_read(project_root: Path) -> None:
    found = [
        f"{file.relative_to(project_root)}:{line}"
        for file in sorted((project_root / "tests").rglob("*.py"))
        for line in asked_when_read(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert found == []  # ask in the test, or keep days_away() where any far day will do


def test_each_place_that_is_read_with_the_module_is_found() -> None:
    text = (
        "NOW = datetime.now(UTC)\n"
        "@mark(local_today())\n"
        "def test(day=date.today()):\n"
        "    return utc_now()\n"
        "later = lambda at=utc_now(): utc_now()\n"
        "class Case:\n"
        "    day = date.today()\n"
    )
    assert list(asked_when_read(ast.parse(text))) == [1, 2, 3, 5, 7]


def test_a_far_day_is_the_same_day_in_both_zones() -> None:
    day = days_away(9)
    assert (day.tzinfo, day.date()) == (UTC, local_today() + timedelta(days=9))
    for near in (-1, 0, 1):
        with pytest.raises(ValueError, match="ask local_today"):
            days_away(near)
