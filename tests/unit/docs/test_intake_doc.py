"""docs/intake.md says what the form of a message and of a mandate take; its example is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from afschrift.casework.identity.question import MANDATE_FORM, MINOR_FORM
from afschrift.casework.intake.message import Forwarded, Intake, Representative
from afschrift.cli.main import app
from afschrift.law.case_facts import OTHER_RIGHTS, Matter
from afschrift.law.person import SECRECY
from afschrift.questions.forms import fields

TEXT = (Path(__file__).parents[3] / "docs" / "intake.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    found = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            names, *cells = line.strip("| ").split(" | ")
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", names), cells)
    return found


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_field_of_a_message() -> None:
    words = {field.alias or name for name, field in Intake.model_fields.items()}
    form = rows("The form")
    assert set(form) == words
    assert codes(form["other_rights"][0]) == [matter.value for matter in OTHER_RIGHTS]
    assert codes(form["made_by"][0]) == ["self", "parent", "guardian", "proxy", "heir"]
    assert codes(form["representative"][0]) == list(Representative.model_fields)
    assert codes(form["forwarded"][0]) == [f.alias or n for n, f in Forwarded.model_fields.items()]


def test_personal_fields_are_marked_as_encrypted() -> None:
    form = rows("The form")
    assert {name for name, cells in form.items() if cells[1] == "encrypted"} == {
        "message",
        "keys",
        "representative",
        "limits",
    }


@pytest.mark.parametrize("field", fields(MANDATE_FORM))
def test_every_field_of_a_mandate(field: str) -> None:
    found = codes(rows("A representative asks")[field][0])
    takes = fields(MANDATE_FORM)[field].get("enum", [])
    assert [code for code in found if code in takes] == takes


def test_children_and_what_is_handed_over() -> None:
    named = set(codes(re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)))
    assert set(fields(MINOR_FORM)["reason"]["enum"]) <= named
    assert set(Matter) - {Matter.DECEASED} <= named
    assert set(SECRECY) <= named


def test_the_example_is_a_message_and_the_commands_are_there() -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    content = YAML(typ="safe").load(example)
    assert Intake.model_validate(content).matters == (Matter.ERASURE,)
    for command in re.findall(r"`?afschrift ((?:case|request|letter) [a-z-]+)", TEXT):
        assert CliRunner().invoke(app, [*command.split(), "--help"]).exit_code == 0, command
