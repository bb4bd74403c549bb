"""`docs/categories.md` has each category that the inventory accepts, with what is proposed by now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from afschrift.inventory.base import fides_categories

ROOT = Path(__file__).parents[3]
ROWS = {
    row[1]: row[0]
    for row in re.finditer(
        r"^\| `([\w.]+)` \|.*$", (ROOT / "docs/categories.md").read_text("utf-8"), re.MULTILINE
    )
}


def test_the_page_is_what_the_tool_writes() -> None:
    done = subprocess.run([sys.executable, ROOT / "tools/categories_page.py", "--check"], check=False)
    assert done.returncode == 0, "run python tools/categories_page.py"


def test_each_category_has_a_row() -> None:
    assert ROWS.keys() == fides_categories().keys()


def test_what_is_special_criminal_and_secret_is_said() -> None:
    assert "**special**" in ROWS["user.health_and_medical"]
    assert "**criminal**" in ROWS["user.criminal_history"]
    assert "**secret**" in ROWS["user.authorization.password"]
    assert "**" not in ROWS["user.contact.email"]


def test_columns_in_both_languages_are_named() -> None:
    assert all(name in ROWS["user.name.first"] for name in ("`voornaam`", "`first_name`"))
    assert "assigned" in ROWS["user.unique_id"]
