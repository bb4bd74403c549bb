"""docs/grounds.md and the table of grounds of the site say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML
from tests.support.ground_forms import FACTS, GROUNDS
from tools import grounds_page

from afschrift.domain.right import Right
from afschrift.law.ground_check import Accepted, check_ground
from afschrift.law.grounds import Outcome
from afschrift.law.roles import Role

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "grounds.md").read_text(encoding="utf-8")


def rows(heading: str, page: str = TEXT) -> dict[str, list[str]]:
    table = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in lines}


def test_the_table_has_each_ground_form_and_field() -> None:
    page = grounds_page.page()
    for heading, names in (
        ("The grounds", GROUNDS.grounds.keys()),
        ("The forms", GROUNDS.grounds.keys()),
        ("The fields", GROUNDS.fields.keys()),
        ("Single cells", {ground.code for ground in GROUNDS.grounds.values() if ground.redaction}),
    ):
        assert rows(heading, page).keys() == set(names)
    assert rows("Refused", page).keys() >= GROUNDS.never.keys()
    assert "`refuse`: `refusal`, `charge`: `fee`" in rows("The grounds", page)["manifestly_excessive"]


def test_every_flag_with_its_rules_and_limits() -> None:
    files = [
        ROOT / "plugins/afschrift/casework/decision" / name for name in ("triggers.py", "source_triggers.py")
    ]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    flags = rows("When it is asked")
    assert set(flags) == set(re.findall(r'Trigger\(\s*"([a-z_]+)"', source)) | {"asked_by_officer"}
    limits = GROUNDS.trigger_limits
    assert (limits.earlier, limits.earlier_days) == (2, 365)  # "two ... within a year"
    assert f"at most {limits.contact_days} days" in flags["contact_changed"][1]
    assert f"{limits.purposes} purposes" in flags["many_kinds_of_processing"][1]
    for flag, (rules, _) in flags.items():
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
