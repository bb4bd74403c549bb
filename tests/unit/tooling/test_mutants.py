"""A mutant is planted again where its code moved, and its tests are found again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import mutations
from tools.mutations import Mutant, planted
from tools.tests_before import found_again

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


def test_a_mutant_is_planted_in_the_file_of_its_name(product: Path) -> None:
    found = planted(mutant("self.known(a)", 0, "not self.known(a)"))
    assert found
    assert found[0] == product / "domain" / "rule.py"
    assert b"if (not self.known(a)):" in found[1]


def test_the_right_one_of_equal_expressions_is_mutated(product: Path) -> None:
    found = planted(mutant("a == 1", 2, "a != 1"))
    assert found
    assert found[1].decode() == CODE.replace("a == {number}", "(a != 1)")


def test_a_mutant_is_planted_where_its_expression_is(product: Path) -> None:
    found = planted(mutant("a == 2", 0, "a != 2"))
    assert found and found[0] == product / "domain" / "other.py"
    assert planted(mutant("a == 3", 0, "a != 3")) is None
    assert planted(mutant("a == 1", 3, "a != 1")) is None


def test_a_test_that_moved_is_found_by_its_name() -> None:
    here = "tests/unit/tooling/test_mutants.py::test_a_test_that_moved_is_found_by_its_name"
    assert found_again(
        [here.replace("tooling", "elsewhere"), here, "tests/unit/test_x.py::test_of_nothing"]
    ) == [here]
