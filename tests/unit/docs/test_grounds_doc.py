"""docs/grounds.md has the tables that are in force, and says of flags and choices what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML
from tests.support.ground_forms import FACTS, GROUNDS

from afschrift.domain.right import Right
from afschrift.law.ground_check import Accepted, check_ground
from afschrift.law.grounds import Outcome
from afschrift.law.roles import Role

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "grounds.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    table = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in lines}


def test_the_tables_are_those_of_the_file() -> None:
    """Where this fails: PYTHONPATH=plugins python tools/grounds_page.py."""
    script = [sys.executable, str(ROOT / "tools" / "grounds_page.py"), "--check"]
    assert subprocess.run(script, env={"PYTHONPATH": str(ROOT / "plugins")}, check=False).returncode == 0


def test_every_flag_with_its_rules_and_limits() -> None:
    files = [
        ROOT / "plugins/afschrift/casework/decision" / name for name in ("triggers.py", "source_triggers.py")
    ]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    told = rows("When it is asked")
    assert set(told) == set(re.findall(r'Trigger\(\s*"([a-z_]+)"', source)) | {"asked_by_officer"}
    limits = GROUNDS.trigger_limits
    assert (limits.earlier, limits.earlier_days) == (2, 365)  # "two ... within a year"
    assert f"at most {limits.contact_days} days" in told["contact_changed"][1]
    assert f"{limits.purposes} purposes" in told["many_kinds_of_processing"][1]
    for flag, (rules, _) in told.items():
        found = re.search(rf'Trigger\(\s*"{flag}",\s*\(([^)]*)\)', source)
        if found:
            assert re.findall(r"R\d\d", found[1]) == rules.split(", "), flag


def test_every_choice() -> None:
    assert list(rows("What each choice does")) == [outcome.value for outcome in Outcome]


def test_the_example_does() -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    body = YAML(typ="safe").load(example)
    ground = body["detail"].pop("ground")
    form = body["detail"] | body["texts"]
    found = check_ground(GROUNDS, Outcome(body["choice"]), ground, Right.ACCESS, form, [Role.OFFICER], FACTS)
    assert isinstance(found, Accepted)
