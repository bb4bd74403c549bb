"""The pages on intake, grounds, questions and letters say what the code does; their examples are valid."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.support.ground_forms import FACTS, GROUNDS
from tests.support.letter_samples import FOLDER
from tests.unit.docs.doc_pages import ROOT, codes, examples, rows, text_of
from tools import grounds_page, letters_page, questions_page
from typer.testing import CliRunner

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.identity.question import IDENTITY_FORM, MANDATE_FORM, MINOR_FORM
from afschrift.casework.intake.message import Forwarded, Intake, Representative
from afschrift.casework.question_kinds import KINDS
from afschrift.cli.main import app
from afschrift.domain.right import Right
from afschrift.law.case_facts import OTHER_RIGHTS, Matter
from afschrift.law.ground_check import Accepted, check_ground
from afschrift.law.grounds import Outcome
from afschrift.law.letter import LetterState
from afschrift.law.person import SECRECY
from afschrift.law.roles import MAY, Act, Role
from afschrift.letters.element_values import ITEMS, LINE, TEXT
from afschrift.letters.kinds import KINDS as LETTERS
from afschrift.letters.languages import languages
from afschrift.questions.forms import check, fields, needed

GROUNDS_PAGE, INTAKE, LETTERS_PAGE, QUESTIONS = (
    text_of(f"{name}.md") for name in ("grounds", "intake", "letters", "questions")
)


def read(example: str) -> dict[str, object]:
    return dict(YAML(typ="safe").load(example))


def test_the_table_has_each_ground_form_and_field() -> None:
    page = grounds_page.page()
    for heading, names in (
        ("The grounds", GROUNDS.grounds.keys()),
        ("The forms", GROUNDS.grounds.keys()),
        ("The fields", GROUNDS.fields.keys()),
        ("Single cells", {ground.code for ground in GROUNDS.grounds.values() if ground.redaction}),
    ):
        assert rows(page, heading).keys() == set(names)
    assert rows(page, "Refused").keys() >= GROUNDS.never.keys()
    assert "`refuse`: `refusal`, `charge`: `fee`" in rows(page, "The grounds")["manifestly_excessive"]


def test_every_flag_with_its_rules_and_limits_and_every_choice() -> None:
    folder = ROOT / "plugins/afschrift/casework/decision"
    source = "".join((folder / f"{name}.py").read_text("utf-8") for name in ("triggers", "source_triggers"))
    flags = rows(GROUNDS_PAGE, "When it is asked")
    assert set(flags) == set(re.findall(r'Trigger\(\s*"([a-z_]+)"', source)) | {"asked_by_officer"}
    limits = GROUNDS.trigger_limits
    assert (limits.earlier, limits.earlier_days) == (2, 365)  # "two ... within a year"
    assert f"at most {limits.contact_days} days" in flags["contact_changed"][1]
    assert f"{limits.purposes} purposes" in flags["many_kinds_of_processing"][1]
    for flag, (rules, _) in flags.items():
        found = re.search(rf'Trigger\(\s*"{flag}",\s*\(([^)]*)\)', source)
        if found:
            assert re.findall(r"R\d\d", found[1]) == rules.split(", "), flag
    assert list(rows(GROUNDS_PAGE, "What each choice does")) == [outcome.value for outcome in Outcome]


def test_the_example_of_a_ground_is_accepted() -> None:
    [body] = map(read, examples(GROUNDS_PAGE))
    ground = body["detail"].pop("ground")
    form = body["detail"] | body["texts"]
    found = check_ground(GROUNDS, Outcome(body["choice"]), ground, Right.ACCESS, form, [Role.OFFICER], FACTS)
    assert isinstance(found, Accepted)


def test_every_field_of_a_message_and_which_are_encrypted() -> None:
    form = rows(INTAKE, "The form")
    assert set(form) == {field.alias or name for name, field in Intake.model_fields.items()}
    assert codes(form["other_rights"][0]) == [matter.value for matter in OTHER_RIGHTS]
    assert codes(form["made_by"][0]) == ["self", "parent", "guardian", "proxy", "heir"]
    assert codes(form["representative"][0]) == list(Representative.model_fields)
    assert codes(form["forwarded"][0]) == [f.alias or n for n, f in Forwarded.model_fields.items()]
    encrypted = {name for name, cells in form.items() if cells[1] == "encrypted"}
    assert encrypted == {"message", "keys", "representative", "limits"}


@pytest.mark.parametrize("field", fields(MANDATE_FORM))
def test_every_field_of_a_mandate(field: str) -> None:
    found = codes(rows(INTAKE, "A representative asks")[field][0])
    takes = fields(MANDATE_FORM)[field].get("enum", [])
    assert [code for code in found if code in takes] == takes


def test_children_and_what_is_handed_over_and_the_example_of_a_message() -> None:
    named = set(codes(re.sub(r"```.*?```", "", INTAKE, flags=re.DOTALL)))
    assert set(fields(MINOR_FORM)["reason"]["enum"]) <= named
    assert set(Matter) - {Matter.DECEASED} <= named
    assert set(SECRECY) <= named
    [content] = map(read, examples(INTAKE))
    assert Intake.model_validate(content).matters == (Matter.ERASURE,)
    for command in re.findall(r"`?afschrift ((?:case|request|letter) [a-z-]+)", INTAKE):
        assert CliRunner().invoke(app, [*command.split(), "--help"]).exit_code == 0, command


def test_each_letter_and_state_limits_languages_and_options() -> None:
    kinds = rows(letters_page.page())
    assert list(kinds) == list(LETTERS)
    assert kinds["refusal"] == ["`ground`, `reasons`", "R45, R56", "yes"]
    assert kinds["merged"] == ["nothing", "R55", "no"]
    states = {name for name, cells in rows(LETTERS_PAGE).items() if len(cells) > 1}
    assert states == {state.value for state in LetterState}
    assert f"{LINE} characters a line, {TEXT:,} a text and {ITEMS} lines a list" in LETTERS_PAGE
    assert languages(FOLDER) == ("nl", "en")
    [options] = examples(LETTERS_PAGE, "json")
    assert set(json.loads(options)) == {"server", "sender"}


KIND = re.compile(r"^## `(\w+)`\n\n(.+?)\n\n((?:- .+\n)+)", re.MULTILINE)
OF_KINDS = {name: (asks, options) for name, asks, options in KIND.findall(questions_page.page())}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_question_with_its_options(kind: str) -> None:
    asks, options = OF_KINDS[kind]
    assert asks.startswith(KINDS[kind].asks)
    assert tuple(re.findall(r"^- `(\w+)`: \w", options, re.MULTILINE)) == KINDS[kind].options
    roles = {"decision_signed": Role.SECOND_SIGNER, "manual": Role.SOURCE_OWNER}  # the page says so
    roles |= dict.fromkeys(("mandate_signed", "not_received", "review_signed"), Role.SECOND_SIGNER)
    assert KINDS[kind].role is roles.get(kind, Role.OFFICER)


def test_every_field_of_the_identity_form_and_the_body_that_is_sent() -> None:
    for field, content in fields(IDENTITY_FORM).items():
        takes, when = rows(QUESTIONS)[field]
        assert codes(takes) == content.get("enum", [])
        options = [choice for choice in KINDS["identity"].options if field in needed(IDENTITY_FORM, choice)]
        assert codes(when) == options
    [sent] = re.findall(r"-d '(\{\"choice\".*?\}\})'", QUESTIONS)
    body = json.loads(sent)
    check(IDENTITY_FORM, KINDS["identity"].options, body["choice"], body["detail"])


def test_every_role_and_who_may_answer(tmp_path: Path) -> None:
    for role in Role:
        may = rows(QUESTIONS)[role.value][0]
        assert ("answer nothing" in may) == (Act.OVERSEE in MAY[role])
        assert ("store requests" in may) == (Act.SUBMIT in MAY[role])
    notifiers, example = examples(QUESTIONS)
    (tmp_path / "roles.yml").write_text(example, encoding="utf-8")
    roles = load_roles(Settings.from_environment({"AFSCHRIFT_HOME": str(tmp_path)}))
    assert roles.person("cli:anna").name == "Anna"
    assert roles.acts_for("airflow:s.devries@example.org", "Anna")
    [entry] = read(notifiers).values()
    assert set(entry) == {"notifier", "arguments", "roles"}
    assert set(entry["roles"]) <= set(Role)
    held = {role for person in roles.people for role in person.roles}
    assert held == {Role.OFFICER, Role.SECOND_SIGNER, Role.DPO}
