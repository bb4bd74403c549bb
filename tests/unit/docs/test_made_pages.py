"""Pages of the site that programs make have a row for each part of the code that they list."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tools import categories_page, inventory_page, proposals_page, states_page, where_page

from afschrift.datamap.scan.concepts import vocabulary
from afschrift.domain.state import TRANSITIONS, State
from afschrift.inventory.base import fides_categories

ROOT = Path(__file__).parents[3]
SITE = (ROOT / "tools/site_pages.py").read_text(encoding="utf-8")
MADE: dict[str, str] = ast.literal_eval(re.findall(r"^MADE = (\{.*?^\})", SITE, re.MULTILINE | re.DOTALL)[0])


def rows(page: str) -> dict[str, str]:
    """First cell of each row of the tables of a page -> the row."""
    return {row[1]: row[0] for row in re.finditer(r"^\| `([^`]+)` \|.*$", page, re.MULTILINE)}


def test_each_package_says_what_it_is_for() -> None:
    found = rows(where_page.page())
    folders = {
        face.parent.relative_to(where_page.PACKAGE).as_posix()
        for face in where_page.PACKAGE.rglob("__init__.py")
        if "migrations" not in face.parts
    }
    assert found.keys() == folders - {"."}
    assert all(row.split("|")[2].strip() for row in found.values())


def test_each_category_has_a_row_with_examples_and_cautions() -> None:
    found = rows(categories_page.page())
    assert found.keys() == fides_categories().keys()
    assert "**special**" in found["user.health_and_medical"]
    assert "**criminal**" in found["user.criminal_history"]
    assert "**secret**" in found["user.authorization.password"]
    assert "**" not in found["user.contact.email"]
    assert all(name in found["user.name.first"] for name in ("`voornaam`", "`first_name`"))
    assert "assigned" in found["user.unique_id"]


def test_the_vocabulary_has_each_topic_and_concept() -> None:
    first = re.findall(r"^\| (.+?) \|", proposals_page.page(), re.MULTILINE)
    words = vocabulary()
    assert {topic.name for topic in words.topics} | {concept.title for concept in words.concepts} <= set(
        first
    )


def test_the_inventory_reference_has_examples_of_the_handbook() -> None:
    found = rows(inventory_page.page())
    assert "`origin: observed`" in found["origin"]
    assert "run_in: {queue: finance" in found["run_in"]
    assert "](inventory.md)" in inventory_page.page()


def test_each_state_and_transition_has_a_row() -> None:
    states, transitions = states_page.page().split("## The transitions")
    assert list(rows(states)) == list(State)
    assert transitions.count("\n| `") == len(TRANSITIONS)
    assert all(f"| `{transition.to}` |" in transitions for transition in TRANSITIONS)


@pytest.mark.parametrize("program", MADE)
def test_links_to_a_program_lead_to_the_page_that_it_makes(program: str) -> None:
    assert (ROOT / program).exists()
    assert not (ROOT / "docs" / MADE[program]).exists()
    assert "def page() -> str:" in (ROOT / program).read_text(encoding="utf-8")
