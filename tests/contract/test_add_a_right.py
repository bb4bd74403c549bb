"""A third right is never taken for another: code asks its terms, and what no term says, it refuses to guess.

The toy is erasure (Art. 17): it reaches everything, like access, gives no sheet, and has steps of its own.
"""

import ast
import io
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.bundle.bundle_example import LETTERS, Example
from tests.unit.law.test_person import FORM, TODAY

from afschrift.bundle.page.page import render_index
from afschrift.domain.decision import ColumnFacts, Policy, Protect, decide
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.plan import Medium
from afschrift.domain.request import check_formats
from afschrift.domain.right import TERMS, Right, Terms
from afschrift.domain.vocabulary import Origin
from afschrift.law.manual_search import outside
from afschrift.law.person import Minor, check_mandate

PLUGINS = Path(__file__).parents[2] / "plugins"
LOOKS_FOR_A_REQUEST = {"casework/intake/read_right.py"}
"""Where a right is compared, because the one request for it is looked for among others."""


@pytest.fixture
def erasure(monkeypatch: pytest.MonkeyPatch) -> Right:
    """A right that the enumeration does not have."""
    right = str.__new__(Right, "erasure")
    right._name_, right._value_ = "ERASURE", "erasure"
    terms = Terms(
        article="17",
        steps=("assess", "classify", "erase", "close"),
        provided_only=False,
        information_sheet=False,
        machine_readable=False,
        specified=False,
    )
    monkeypatch.setitem(TERMS, right, terms)  # type: ignore[arg-type]
    return right


def test_every_right_has_its_terms() -> None:
    assert set(TERMS) == set(Right)
    assert {right.value: right.article for right in Right} == {"access": "15", "portability": "20"}


GUESSES: dict[str, Callable[[Right], object]] = {
    "a column": lambda right: decide(right, ColumnFacts(Origin.PROVIDED), Policy()),
    "a secret": lambda right: decide(right, ColumnFacts(Origin.PROVIDED, protect=Protect.SECRET), Policy()),
    "a system": lambda right: outside(right, Medium.MAILBOX, [Origin.PROVIDED], observed=True),
    "paper": lambda right: outside(right, Medium.PAPER, [Origin.PROVIDED], observed=True),
    "a mandate": lambda right: check_mandate(FORM, right, TODAY, Minor.NO, note=True),
}


@pytest.mark.parametrize("place", GUESSES)
def test_what_no_term_says_is_not_guessed(place: str, erasure: Right) -> None:
    for right in Right:
        GUESSES[place](right)
    with pytest.raises(AssertionError, match="erasure"):
        GUESSES[place](erasure)


def test_formats_are_as_its_terms_say(erasure: Right, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RefusedError, match="not known"):
        check_formats(erasure, ("pdf",), ("csv",))
    monkeypatch.setitem(TERMS, erasure, replace(erasure.terms, machine_readable=True))  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match=r"pdf does not qualify for a erasure request: Art\. 17"):
        check_formats(erasure, ("pdf",), ("csv",))


def test_a_page_has_no_words_of_another_right_for_it(erasure: Right) -> None:
    example = Example()
    page = replace(example.contents, plan=replace(example.plan, right=erasure))
    with pytest.raises(ConfigurationError, match=r"page\.request_erasure"):
        render_index(page, LETTERS)


def test_the_bundle_follows_the_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "data/information.html" in page_and_names(Example())
    only = replace(Right.ACCESS.terms, information_sheet=False, provided_only=True)
    monkeypatch.setitem(TERMS, Right.ACCESS, only)  # type: ignore[arg-type]
    page = page_and_names(Example())
    assert "data/information.html" not in page
    assert "Nee, en dat hoort bij dit verzoek" in page


def page_and_names(example: Example) -> str:
    with zipfile.ZipFile(io.BytesIO(example.zip())) as archive:
        names = archive.namelist()
        (page,) = (name for name in names if name.endswith("/index.html"))
        return archive.read(page).decode() + "\n".join(names)


def comparisons(tree: ast.AST) -> Iterator[int]:
    """Lines on which a right is compared: `right is Right.ACCESS`, `x != Right.PORTABILITY`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
            if any(re.search(r"\bRight\.[A-Z]", side) for side in sides):
                yield node.lineno


def test_no_code_compares_a_right_with_one_of_them() -> None:
    assert list(comparisons(ast.parse("y = 1 if plan.right is Right.ACCESS else 2"))) == [1]
    found = {
        path.relative_to(PLUGINS / "afschrift").as_posix()
        for path in (PLUGINS / "afschrift").rglob("*.py")
        for _ in comparisons(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == LOOKS_FOR_A_REQUEST


def test_the_type_checker_names_every_place_that_a_third_right_needs(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    package = tmp_path / "afschrift"
    for part in ("domain", "law"):
        shutil.copytree(PLUGINS / "afschrift" / part, package / part)
    shutil.copy(PLUGINS / "afschrift" / "__init__.py", package)
    rights = package / "domain" / "right.py"
    member = '    PORTABILITY = "portability"\n'
    text = rights.read_text(encoding="utf-8")
    assert member in text
    rights.write_text(text.replace(member, f'{member}    ERASURE = "erasure"\n'), encoding="utf-8")
    files = [package / "domain/decision.py", package / "law/manual_search.py", package / "law/person.py"]
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--cache-dir",
        "/dev/null",
    ]
    checked = subprocess.run([*command, *files], cwd=tmp_path, capture_output=True, text=True, check=False)
    named = re.findall(r"(\w+/\w+\.py):\d+: error: .*assert_never.*Right\.ERASURE", checked.stdout)
    places = ["domain/decision.py", "domain/decision.py", "law/manual_search.py", "law/person.py"]
    assert sorted(named) == places
