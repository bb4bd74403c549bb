"""Pages that are referred to exist, commands and settings that they name too; docs/nl and made pages are complete."""

import ast
import re
import shlex
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml
from tests.support.ground_forms import GROUNDS
from tests.support.settings_page import rows as settings_rows
from tests.unit.docs.doc_pages import ROOT
from typer.main import get_command

from afschrift.app.settings import DEFAULTS, Settings
from afschrift.casework.question_kinds import KINDS
from afschrift.cli.main import app
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import SearchLimits
from afschrift.law.clock.alarm import USUAL
from afschrift.law.grounds import Outcome
from afschrift.law.roles import Role

DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*DOCS, *ROOT.glob("*.md"), *(ROOT / "deploy").glob("*.md")]
FOLDERS = (
    *("plugins", "include", "dags", "config", "tools", "deploy", "examples"),
    *("bench", "demo", "testbed", "native", "tests"),
)
ENDINGS = {
    *(".py", ".yml", ".yaml", ".md", ".sql", ".sh", ".conf", ".env", ".html", ".txt", ".c", ".h", ".toml")
}
PAGE = re.compile(r"(?<![\w/:.-])docs/([\w/-]+\.md|adr/\d{4})\b")
LINK = re.compile(r"\]\(([^()\s:#]+)(?:#[^()\s]*)?\)")
BLOCK = re.compile(r"```.*?```", re.DOTALL)
CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[$(|] ?|&& )afschrift ([a-z][^\n#|&;>]*)", re.MULTILINE)


def named_pages(folder: Path) -> Iterator[tuple[str, str]]:
    """A file and a page that it names."""
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(ROOT).parts
        if file.suffix in ENDINGS and file.is_file() and not {"dbt_project", "tooling"} & {*inside}:
            for page in PAGE.findall(file.read_text(encoding="utf-8")):
                yield str(file.relative_to(ROOT)), page


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_page_that_code_names_exists(folder: str) -> None:
    # a record of decisions goes by its number alone
    missing = {
        (file, page) for file, page in named_pages(ROOT / folder) if not [*(ROOT / "docs").glob(f"{page}*")]
    }
    assert missing == set()


def test_each_link_of_the_documentation_leads_to_a_file() -> None:
    missing = {
        (str(page.relative_to(ROOT)), target)
        for page in PAGES
        for target in LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
        if not (page.parent / target).exists()
    }
    assert missing == set()


def commands_named(page: Path) -> Iterator[list[str]]:
    """The words after `afschrift` of each command in a page's code."""
    for block, span in CODE.findall(page.read_text(encoding="utf-8")):
        for words in COMMAND.findall(block or span):
            yield words.replace('"$', "$").split() if words.count('"') % 2 else shlex.split(words)


def fault(words: list[str]) -> str:
    """What of a command there is not; empty where it is right."""
    command = get_command(app)
    context = typer.Context(command)
    rest = list(words)
    while hasattr(command, "get_command") and rest:
        found = command.get_command(context, rest[0])
        if found is None:
            break
        command = found
        rest.pop(0)
    options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {
        "--help"
    }
    unknown = [word for word in rest if word.startswith("--") and word.split("=")[0] not in options]
    if len(rest) == len(words) or unknown:
        return f"afschrift {' '.join(words)}: {unknown or 'no such command'}"
    return ""


def test_each_command_that_pages_name_exists() -> None:
    pages = [ROOT / "README.md", *DOCS, *(ROOT / "deploy").glob("*.md")]
    commands = [words for page in pages for words in commands_named(page)]
    assert len(commands) > 200
    assert {found for words in commands if (found := fault(words))} == set()
    assert fault(["inventory", "check", "--live"]) == ""
    assert "--lively" in fault(["inventory", "check", "--lively"])
    assert "no such command" in fault(["answers"])


DUTCH = {file.stem: file.read_text(encoding="utf-8") for file in (ROOT / "docs" / "nl").glob("*.md")}


def column(page: str, number: int) -> set[str]:
    """Words in backticks in one column of the page's tables."""
    cells = [line.split("|")[number] for line in DUTCH[page].splitlines() if line.startswith("|")]
    return {code for cell in cells for code in re.findall(r"`([a-z_]+)`", cell)}


def test_dutch_pages_name_questions_roles_and_grounds_of_the_software() -> None:
    named, choices = column("beslissen", 1), set(KINDS["decision"].options)
    assert choices <= named
    assert {"identity", "decision", "review"} <= named - choices <= KINDS.keys()
    assert column("index", 2) <= {role.value for role in Role}
    shown = {line.split("|")[1].strip() for line in DUTCH["weigeren"].splitlines() if line.startswith("|")}
    shown -= {"Grond", "---"}
    assert shown <= {ground.title["nl"] for ground in GROUNDS.grounds.values()}
    refusing = (Outcome.REFUSE, Outcome.REFUSE_PART, Outcome.RESTRICT)
    with_letter = [g for g in GROUNDS.grounds.values() if any(map(g.outcomes.get, refusing))]
    assert {ground.title["nl"] for ground in with_letter} <= shown
    for page in DUTCH.values():
        for words in re.findall(r"`afschrift ([a-z -]+)", page):
            assert not fault(words.split()), words
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [name for name in DUTCH if f"nl/{name}.md" not in site] == []


def test_forms_for_issues_and_the_citation_are_whole() -> None:
    for file in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(file.read_text(encoding="utf-8"))
        if file.name == "config.yml":
            continue
        assert form["name"] and form["description"], file
        fields = [field["id"] for field in form["body"] if field["type"] != "markdown"]
        assert len(fields) == len(set(fields)) > 0
        kinds = {field["type"] for field in form["body"]}
        assert kinds <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in ("version", "license"):
        assert f'{name} = "{citation[name]}"' in project


NAME = re.compile(r"AFSCHRIFT_[A-Z_]+")
READ_TWICE = {
    # The form is made while DAG files are parsed: nothing heavy then.
    "airflow_ext.params": {"AFSCHRIFT_DEMO"},
    # The DAG processor reads where tasks run, where there is an inventory.
    "app.task_places": {"AFSCHRIFT_INVENTORY"},
    # `afschrift up` sets them, for the portal that it starts.
    "airflow_ext.local_portal": {"AFSCHRIFT_DESTINATION_PORTAL_OPTIONS", "AFSCHRIFT_PORTAL_<NAME>"},
}
OF_TESTS = ["AFSCHRIFT_PORTAL_[A-Z_]+", "AFSCHRIFT_WALK", "AFSCHRIFT_DRAW", "AFSCHRIFT_ZOO_PAGE"]
"""Read by the portal, and by tests, which write pages of documentation by them."""


def read_names(tree: ast.Module) -> Iterator[str]:
    """Names of settings that are a whole text, and neither as a key that is set nor as one removed."""
    written = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys if key}
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) and id(node) not in written else None
        if isinstance(value, str) and NAME.fullmatch(value):
            yield value


def read_by_module() -> dict[str, set[str]]:
    """Module below `afschrift`, or file -> the settings that it reads; a prefix counts as the form `<NAME>`."""
    product = ROOT / "plugins" / "afschrift"
    found: dict[str, set[str]] = defaultdict(set)
    for file in [*product.rglob("*.py"), *(ROOT / "dags").glob("*.py"), *(ROOT / "config").glob("*.py")]:
        inside = file.is_relative_to(product)
        name = ".".join(file.relative_to(product).with_suffix("").parts) if inside else file.name
        for setting in read_names(ast.parse(file.read_text(encoding="utf-8"))):
            found[name].add(f"{setting}<NAME>" if setting.endswith("_") else setting)
    return found


def test_numbers_of_settings_have_their_defaults_and_are_read_as_numbers() -> None:
    defaults = {row.name: row.default for row in settings_rows()}
    numbers = {row.name for row in settings_rows() if row.unit}
    assert {name: defaults[name] for name in numbers} == {name: f"{n:,}" for name, n in DEFAULTS.items()}
    search = SearchLimits()
    limits = (DEFAULTS["AFSCHRIFT_SEARCH_ROWS"], DEFAULTS["AFSCHRIFT_SEARCH_SECONDS"])
    assert (search.rows, search.seconds) == limits
    assert defaults["AFSCHRIFT_DEADLINE_MARKS"] == f"`{USUAL}`"
    for name in DEFAULTS:
        with pytest.raises(ConfigurationError, match=name):
            Settings.from_environment({name: "many"})


def test_each_setting_is_read_in_one_module_and_no_other_is_read() -> None:
    found = read_by_module()
    for module, names in READ_TWICE.items():
        assert names <= found[module]
        found[module] -= names
    read = sorted(name for names in found.values() for name in names)
    # options are read with what they belong to, by the same prefix
    assert read == sorted(row.name for row in settings_rows() if not row.name.endswith("<NAME>_OPTIONS"))


def test_what_is_named_in_the_documentation_is_a_setting() -> None:
    forms = [re.escape(row.name).replace("<NAME>", "(<NAME>|[A-Z]+)") for row in settings_rows()]
    known = re.compile("|".join([*forms, *OF_TESTS]))
    readmes = [page for page in ROOT.glob("*/**/README.md") if ".venv" not in page.parts]
    written = re.compile(r"AFSCHRIFT_(?:<NAME>|[A-Z_])+(?<!_)(?![A-Z_<])")
    unknown = {
        (page.name, name)
        for page in {ROOT / "README.md", *DOCS, *readmes}
        for name in written.findall(page.read_text(encoding="utf-8"))
        if not known.fullmatch(name)
    }
    assert unknown == set()
