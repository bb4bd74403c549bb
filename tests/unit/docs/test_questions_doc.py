"""The pages on questions have every kind, option, field and role, and the roles file is valid."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tools import questions_page

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.identity.question import IDENTITY_FORM
from afschrift.casework.question_kinds import KINDS
from afschrift.law.roles import MAY, Act, Role
from afschrift.questions.forms import check, fields, needed

TEXT = (Path(__file__).parents[3] / "docs" / "questions.md").read_text(encoding="utf-8")


def rows(page: str) -> dict[str, list[str]]:
    return {row[0].strip(" `"): row for line in page.splitlines() if len(row := line.split("|")[1:-1]) > 1}


ROWS = rows(TEXT)
KIND = re.compile(r"^## `(\w+)`\n\n(.+?)\n\n((?:- .+\n)+)", re.MULTILINE)
OF_KINDS = {name: (asks, options) for name, asks, options in KIND.findall(questions_page.page())}


def codes(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_with_its_options(kind: str) -> None:
    asks, options = OF_KINDS[kind]
    assert asks.startswith(KINDS[kind].asks)
    assert tuple(re.findall(r"^- `(\w+)`: \w", options, re.MULTILINE)) == KINDS[kind].options
    roles = {"decision_signed": Role.SECOND_SIGNER, "manual": Role.SOURCE_OWNER}  # the page says so
    roles |= dict.fromkeys(("mandate_signed", "not_received", "review_signed"), Role.SECOND_SIGNER)
    assert KINDS[kind].role is roles.get(kind, Role.OFFICER)


@pytest.mark.parametrize("field", fields(IDENTITY_FORM))
def test_every_field_of_the_identity_form(field: str) -> None:
    takes, when = ROWS[field][1:]
    assert list(codes(takes)) == fields(IDENTITY_FORM)[field].get("enum", [])
    options = [choice for choice in KINDS["identity"].options if field in needed(IDENTITY_FORM, choice)]
    assert list(codes(when)) == options


def test_every_role_and_who_may_answer(tmp_path: Path) -> None:
    for role in Role:
        may = ROWS[role.value][1]
        assert ("answer nothing" in may) == (Act.OVERSEE in MAY[role])
        assert ("store requests" in may) == (Act.SUBMIT in MAY[role])
    notifiers, example = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "roles.yml").write_text(example, encoding="utf-8")
    roles = load_roles(Settings.from_environment({"AFSCHRIFT_HOME": str(tmp_path)}))
    assert roles.person("cli:anna").name == "Anna"
    assert roles.acts_for("airflow:s.devries@example.org", "Anna")
    [entry] = YAML(typ="safe").load(notifiers).values()
    assert set(entry) == {"notifier", "arguments", "roles"}
    assert set(entry["roles"]) <= set(Role)
    assert {role for person in roles.people for role in person.roles} == {
        Role.OFFICER,
        Role.SECOND_SIGNER,
        Role.DPO,
    }


def test_the_body_that_is_sent_fits_the_form() -> None:
    [sent] = re.findall(r"-d '(\{\"choice\".*?\}\})'", TEXT)
    body = json.loads(sent)
    check(IDENTITY_FORM, KINDS["identity"].options, body["choice"], body["detail"])
