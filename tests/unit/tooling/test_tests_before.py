"""Tests of tests/before.tsv have their place, and mutants are planted again where their code moved."""

from pathlib import Path

import pytest
from tools import mutations
from tools.mutations import Mutant, planted
from tools.tests_before import collected, faults, found_again, functions, listed


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
    row = {"id": "tests/b.py::test_it", "cases": "3", "fate": ""}
    assert "2 cases are collected, not 3" in "".join(faults([row], {row["id"]: 2}))
    row["fate"] = "fewer 2: two formats are gone"
    assert not list(faults([row], {row["id"]: 2}))
    assert list(faults([row], {row["id"]: 1}))


CODE = """
class Rule:
    def holds(self, a: int = 1) -> bool:
        if self.known(a):
            return a == 1 and a == 1
        return a == {number}
"""


def mutant(expression: str, nth: int, mutated: str) -> Mutant:
    return Mutant(1, "law/rule.py", "Rule.holds", expression, nth, mutated)


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(mutations, "PRODUCT", tmp_path)
    for name, number in (("domain/other.py", 2), ("domain/rule.py", 1)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(CODE.replace("{number}", str(number)))
    return tmp_path


def test_a_mutant_is_planted_where_its_expression_is(product: Path) -> None:
    found = planted(mutant("self.known(a)", 0, "not self.known(a)"))
    assert found and found[0] == product / "domain" / "rule.py"  # the file of its name
    assert b"if (not self.known(a)):" in found[1]
    found = planted(mutant("a == 1", 2, "a != 1"))  # of equal expressions the third
    assert found and found[1].decode() == CODE.replace("a == {number}", "(a != 1)")
    found = planted(mutant("a == 2", 0, "a != 2"))
    assert found and found[0] == product / "domain" / "other.py"
    assert planted(mutant("a == 3", 0, "a != 3")) is None
    assert planted(mutant("a == 1", 3, "a != 1")) is None


def test_a_test_that_moved_is_found_by_its_name() -> None:
    here = "tests/unit/tooling/test_tests_before.py::test_a_test_that_moved_is_found_by_its_name"
    ids = [here.replace("tooling", "elsewhere"), here, "tests/unit/test_x.py::test_of_nothing"]
    assert found_again(ids) == [here]
