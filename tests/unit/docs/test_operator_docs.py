"""The pages for operators: each trouble has the words of the runbook, tables and examples are those of the code."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from testbed.running import installation as set_up
from testbed.running import store
from testbed.small import write_database, write_inventory
from tests.support.ground_forms import FACTS, GROUNDS, needed
from tests.support.installed import Installation
from tests.support.letter_samples import FOLDER
from tests.unit.docs.doc_pages import ROOT, codes, examples, rows, text_of
from tools import letters_page
from typer.main import get_command
from typer.testing import CliRunner

from afschrift.airflow_ext.outside.metrics import METRICS
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.canary.canary_file import CanaryFile
from afschrift.canary.check_canary import GIVES_LESS
from afschrift.casework.actions import clock_actions
from afschrift.casework.identity.question import IDENTITY_FORM, MANDATE_FORM, MINOR_FORM
from afschrift.casework.intake.message import Forwarded, Intake, Party
from afschrift.casework.question_kinds import KINDS
from afschrift.casework.run_findings import SweepCode
from afschrift.cli import common
from afschrift.cli.canary import app as canary_app
from afschrift.cli.main import app
from afschrift.cli.operations import MEANING
from afschrift.domain import instants
from afschrift.domain.right import Right
from afschrift.inventory.run_in import CANARY
from afschrift.law.case_facts import OTHER_RIGHTS, Matter
from afschrift.law.clock.clock import Colour
from afschrift.law.ground_check import Accepted, check_ground
from afschrift.law.grounds import Outcome
from afschrift.law.letter import LetterState
from afschrift.law.person import PARTIES, SECRECY
from afschrift.law.roles import MAY, Act, Role
from afschrift.letters.element_values import ITEMS, LINE, TEXT
from afschrift.letters.kinds import KINDS as LETTERS
from afschrift.letters.languages import languages
from afschrift.operations.health import health
from afschrift.questions.forms import check, fields
from afschrift.register.open import open_keys
from afschrift.register.register import Register

RUNBOOK, MONITORING, CANARY_PAGE = (
    text_of(f"operator/{name}.md") for name in ("operations", "monitoring", "canary")
)
DEADLINES = text_of("deadlines.md")
CLOCK = ROOT / "plugins" / "afschrift" / "law" / "clock"
TODAY = [datetime(2026, 3, 2, 11, tzinfo=UTC)]


@pytest.fixture
def request_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A request of 2 March, in an installation that the environment names."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    services = set_up(tmp_path / "home", tmp_path / "inventory")
    received = "2026-03-02T10:00:00+01:00"
    return store(services, {"customer_id": "1"}, received_at=received, authenticated=None)


TROUBLES = (
    *("cannot be opened", "has no tables yet", "did not answer", "did not answer (SQLITE_FULL)"),
    *("can be read but not written", "was held by another writer for too long", "is damaged"),
    *("from before the first release", "is at revision ..., which this software does not know"),
    "There is no key file",
)
"""Words of errors; tests/unit/register makes each trouble."""


@pytest.mark.parametrize("words", TROUBLES)
def test_trouble_has_the_words_of_the_runbook(words: str) -> None:
    register = ROOT / "plugins/afschrift/register"
    source = "".join(file.read_text(encoding="utf-8") for file in register.rglob("*.py"))
    source = re.sub(r'"\s*f?"', "", source)  # a text over two lines
    in_code = re.escape(words.replace("...", "VALUE").replace("SQLITE_FULL", "VALUE"))
    assert words in RUNBOOK
    assert re.search(in_code.replace("VALUE", r"\{\w+\}"), source)


def test_every_finding_of_the_sweep_and_of_the_clock_is_explained() -> None:
    assert {code.value for code in SweepCode} <= rows(RUNBOOK).keys()
    assert "clock_went_back" in RUNBOOK


def part(name: str) -> str:
    return MONITORING.partition(f"<!-- {name}: begin -->\n")[2].partition(f"\n<!-- {name}: end -->")[0]


@pytest.mark.usefixtures("airflow_env")
def test_the_tables_of_metrics_and_assets_have_those_of_the_code() -> None:
    from afschrift.airflow_ext.outside import assets

    found = re.findall(r"^\| `([^`]+)` \| (\w+) \| .+ \|$", part("metrics"), re.MULTILINE)
    assert found == [(metric.name, metric.type) for metric in METRICS]
    found = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| .+ \|$", part("assets"), re.MULTILINE)
    assert found == [(asset.name, asset.name.removeprefix("afschrift_").upper()) for asset in assets.ASSETS]
    assert [getattr(assets, name) for _, name in found] == [*assets.ASSETS]


def test_steps_alerts_and_exit_codes_are_those_of_the_code() -> None:
    tasks = (ROOT / "plugins/afschrift/airflow_ext/tasks.py").read_text(encoding="utf-8")
    measured = {*re.findall(r'(?:measured|_working)\("(\w+)"', tasks), "look_up"}
    [named] = re.findall(r"`STEP` one of ([^.]+)\.", MONITORING)
    assert set(codes(named)) == measured

    [block] = [block for block in examples(MONITORING) if block.startswith("groups:")]
    [group] = YAML(typ="safe").load(block)["groups"]
    used = {name for rule in group["rules"] for name in re.findall(r"airflow_(\w+)", rule["expr"])}
    ours = {metric.name.replace(".", "_") for metric in METRICS}
    assert {name for name in used if name.startswith("afschrift")} <= ours
    assert used - ours == {"dagrun_duration_success_sweep_count"}

    table = MONITORING.partition("| Exit code | What |\n|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [f"| {code} | {words} |" for code, words in MEANING.items()]


def test_every_look_of_health_is_explained(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inventory = shutil.copytree(Settings.from_environment().inventory, tmp_path / "inventory")
    (inventory / CANARY).touch()
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(inventory))
    monkeypatch.setenv("AFSCHRIFT_WITNESS_DPO", str(installation.home))
    table = MONITORING.partition("| Look | Is well when |")[2].partition("\n\n")[0]
    explained = {name for row in table.splitlines()[2:] for name in codes(row.split("|")[1])}

    assert {re.sub(r" .*", " NAME", look.name) for look in health(sources=True)} == explained


def test_the_canary_has_the_example_commands_and_words_of_its_page() -> None:
    [example] = [block for block in examples(CANARY_PAGE) if block.startswith("keys:")]
    customer, login = CanaryFile.model_validate(YAML(typ="safe").load(example)).planted
    assert "credit_score" in customer.given(Right.ACCESS)
    assert "credit_score" in customer.kept(Right.PORTABILITY)
    assert login.given(Right.PORTABILITY) == {}
    named = set(re.findall(r"afschrift canary ([a-z-]+)", CANARY_PAGE))
    assert named == set(get_command(canary_app).commands)  # type: ignore[attr-defined]
    [less] = re.findall(r"what gives less \((.+?)\)", CANARY_PAGE)
    assert set(codes(less)) == set(GIVES_LESS.values())


def steps() -> Iterator[tuple[str, str, list[str]]]:
    """Day, command and what it must say, in order."""
    for block in examples(DEADLINES, "console"):
        for day, rest in re.findall(r"# (\S+)\n(.*?)(?=\n#|\Z)", block, re.DOTALL):
            command, *expected = rest.strip().splitlines()
            yield day, command.removeprefix("$ afschrift "), expected


def test_the_example_of_deadlines_runs_as_shown(request_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, keys = Settings.from_environment(), open_keys(Settings.from_environment())
    monkeypatch.setattr(instants, "utc_now", lambda: TODAY[0])
    opened = Register(settings.register, keys, lambda: TODAY[0])
    monkeypatch.setattr(common, "open_register", lambda: opened)
    played = 0
    for day, command, expected in steps():
        TODAY[0] = datetime.fromisoformat(f"{day}T11:00:00+00:00")
        words = command.replace("REQUEST", request_id).split()
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        for line in expected:
            assert line in result.output, f"{day} {command}\n{result.output}"
        played += len(expected)
    assert played == 7


def test_every_breach_colour_and_command_of_deadlines_has_a_row() -> None:
    code = "".join((CLOCK / name).read_text(encoding="utf-8") for name in ("clock.py", "deadline.py"))
    known = set(re.findall(r'"([a-z_]+):(R\d\d)"', code))
    assert known
    assert set(re.findall(r"^\| `(\w+)` \| (R\d\d) \|", DEADLINES, re.MULTILINE)) == known
    colours = re.findall(r"^\| `(red|orange|yellow|green|blue|grey)` \|", DEADLINES, re.MULTILINE)
    assert colours == list(Colour)
    named = set(re.findall(r"^\| `([\w-]+)` \| [^R]", DEADLINES, re.MULTILINE))
    assert {action.name for action in clock_actions.ACTIONS} - {"sign-correction"} <= named


GROUNDS_PAGE, INTAKE, LETTERS_PAGE, QUESTIONS = (
    text_of(f"{name}.md") for name in ("grounds", "intake", "letters", "questions")
)


def read(example: str) -> dict[str, object]:
    return dict(YAML(typ="safe").load(example))


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
    for party in PARTIES:
        assert codes(form[party][0]) == list(Party.model_fields)
    assert codes(form["forwarded"][0]) == [f.alias or n for n, f in Forwarded.model_fields.items()]
    encrypted = {name for name, cells in form.items() if cells[1] == "encrypted"}
    assert encrypted == {"message", "keys", *PARTIES, "limits"}


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
