"""Each test of tests/before.tsv is collected, or names one that took its place."""

from __future__ import annotations

import pytest
from tools.tests_before import collected, faults, fill, functions, listed


def test_each_test_of_the_list_has_its_place(collected_ids: list[str]) -> None:
    """Where this fails: enter the fate of each in tests/before.tsv (python tools/tests_before.py --fill)."""
    now = functions(collected_ids) or collected()
    assert not list(faults(listed(), now))


@pytest.mark.parametrize(
    ("fate", "fault"),
    [
        ("", "tests/a.py::test_gone is not collected"),
        ("renamed tests/b.py::test_it", ""),
        ("renamed tests/b.py::test_other", "tests/b.py::test_other is not collected"),
        ("renamed tests/b.py::test_small", "1 cases are collected, not 3"),
        ("merged tests/b.py::test_small", ""),
        ("gone: covered by tests/b.py::test_small", ""),
        ("gone: covered by tests/b.py::test_other", "tests/b.py::test_other is not collected"),
        ("nightly", "tests/a.py::test_gone is not collected"),
        ("nightly tests/b.py::test_it", ""),
        ("gone", "is none that"),
    ],
)
def test_a_fate_names_a_test_that_is_collected(fate: str, fault: str) -> None:
    row = {"id": "tests/a.py::test_gone", "cases": "3", "fate": fate}
    found = list(faults([row], {"tests/b.py::test_it": 3, "tests/b.py::test_small": 1}))
    assert len(found) == bool(fault)
    assert fault in "".join(found)


def test_fewer_cases_want_a_word() -> None:
    row = {"id": "tests/b.py::test_it", "cases": "3", "fate": ""}
    assert "2 cases are collected, not 3" in "".join(faults([row], {row["id"]: 2}))
    row["fate"] = "fewer 2: two formats are gone"
    assert not list(faults([row], {row["id"]: 2}))
    assert list(faults([row], {row["id"]: 1}))


def test_moves_under_the_same_name_are_filled_in() -> None:
    names = ["tests/a/test_one.py::test_x", "tests/a/test_one.py::test_y", "tests/a/test_one.py::test_z"]
    rows = [{"id": name, "cases": "1", "fate": ""} for name in names]
    moved = ["tests/b/test_one.py::test_x", "tests/b/test_two.py::test_x", "tests/b/test_two.py::test_z"]
    fill(rows, dict.fromkeys(moved, 1))
    assert [row["fate"] for row in rows] == [f"renamed {moved[0]}", "", f"renamed {moved[2]}"]
    again = {"tests/c/test_one.py::test_x": 1, moved[2]: 1}
    rows[0]["fate"] = f"merged {moved[0]}"
    fill(rows, again)
    assert rows[0]["fate"] == "merged tests/c/test_one.py::test_x"
