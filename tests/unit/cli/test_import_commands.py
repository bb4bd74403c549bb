"""Commands that draft a project and its data map: `init`, `check`, `inventory scan`, `import` and `export`."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from testbed.mini import write_database, write_inventory
from tests.support.command_line import CommandResult, in_this_process, run_command, without_settings
from tests.support.scanned import made

from afschrift.cli.project import draft_project
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import guessed_ways, progress, unclassified
from afschrift.sources.registry import SOURCES

MANIFEST = Path(__file__).parents[1] / "datamap" / "exchange" / "dbt_project" / "manifest.json"

DATASET = """
dataset:
- fides_key: crm
  name: CRM
  collections:
  - name: contact
    fields:
    - {name: id, data_categories: [user.unique_id], fides_meta: {primary_key: true}}
    - {name: mail, data_categories: [user.contact.email], fides_meta: {identity: mail, length: 40}}
    - {name: mood, data_categories: [user.demographic], fides_meta: {redact: name}}
"""


class Project:
    """An inventory in a folder of its own, and the command that is run on it."""

    def __init__(self, folder: Path) -> None:
        self.inventory = write_inventory(folder / "inventory")
        self.dataset = folder / "crm.yml"
        self.dataset.write_text(DATASET, encoding="utf-8")

    def __call__(self, *words: str, code: int = 0) -> str:
        return run_command("inventory", *words, "--folder", self.inventory, code=code)

    def files(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in self.inventory.iterdir()}

    def fides(self, *words: str, code: int = 0) -> str:
        return self("import", "fides", str(self.dataset), *words, code=code)

    def settle_ways(self) -> None:
        """Confirm the ways, as an answer of `inventory review` does."""
        file = self.inventory / "crm.yml"
        file.write_text(file.read_text("utf-8").replace("    ways: guessed\n", ""), encoding="utf-8")


NEW = ("--kind", "postgres", "--connection", "crm_db")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("MINI_SHOP", str(tmp_path / "shop.duckdb"))
    return Project(tmp_path)


def test_a_dataset_becomes_a_source_that_waits(project: Project) -> None:
    result = project.fides(*NEW)
    assert "crm.yml: 1 table added" in result and "identity.draft.yml: mail" in result
    assert "`fides_meta.redact` is not imported (contact.mood)" in result
    inventory = load(project.inventory)
    assert inventory.identity.keys["mail"].unique == "over_time"
    assert inventory.sources["crm"].connection == "crm_db"
    assert list(unclassified(inventory.sources["crm"].tables["contact"])) == ["id", "mail", "mood"]
    before = project.files()
    assert "nothing is new" in project.fides()
    assert project.files() == before


def test_confirmation_has_a_name(project: Project) -> None:
    assert "the ways are not confirmed" in project.fides(*NEW, "--confirmed-by", "Bea", "--why", "ours")
    assert guessed_ways(load(project.inventory)) == ["crm.contact"]
    project.settle_ways()
    contact = load(project.inventory).sources["crm"].tables["contact"]
    assert list(unclassified(contact)) == []
    decided = contact.columns["mail"].decided
    assert decided is not None and (decided.by, decided.why) == ("Bea", "ours")


def test_dbt_adds_to_a_source_that_is_there(project: Project) -> None:
    before = project.files()["shop.yml"].decode()
    result = project("import", "dbt", str(MANIFEST), "--source", "shop")
    assert "shop.draft.yml: 3 tables added" in result, "orders are described already"
    assert project.files()["shop.yml"].decode() == before
    tables = load(project.inventory).sources["shop"].tables
    assert tables["orders"].columns["ordered_at"].review is None, "a person said what it is"
    assert "unit" not in before.partition("orders:")[2].partition("line:")[0]
    assert tables["orders"].columns["price"].review == "needed"
    assert tables["orders"].join == ({"customer_id": "customer.customer_id"},), (
        "no way is added to one that is there"
    )


def test_a_key_that_no_table_got_is_not_declared(project: Project) -> None:
    dataset = DATASET.replace("crm", "shop").replace("contact\n", "customer\n")
    project.dataset.write_text(dataset.replace("name: id,", "name: customer_id,"), encoding="utf-8")
    result = project.fides()
    assert "shop.draft.yml: 2 columns added or completed in other tables." in result
    assert "mail" not in load(project.inventory).identity.keys


def test_comments_of_the_database_are_read(project: Project, tmp_path: Path) -> None:
    with duckdb.connect(str(write_database(tmp_path / "shop.duckdb"))) as con:
        con.execute("ALTER TABLE sku ADD COLUMN picked VARCHAR")
        con.execute("COMMENT ON COLUMN sku.picked IS 'afschrift: origin=observed; mood=blue'")
    result = project("import", "comments", "shop")
    assert "`mood` is not imported (sku.picked)" in result
    assert load(project.inventory).sources["shop"].tables["sku"].columns["picked"].review == "needed"
    assert "nothing is new" in project("import", "comments", "shop")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "give `--kind`"),
        (("--kind", "oracle"), "give `--kind`"),
        (("--source", "Größe", "--kind", "postgres"), "small letters"),
        ((*NEW, "--confirmed-by", "Bea"), "a name and a reason"),
        ((*NEW, "--why", "w"), "a name and a reason"),
        (("--source", "mini", *NEW, "--dry-run"), "Nothing was written"),
    ],
)
def test_nothing_is_written(project: Project, words: tuple[str, ...], expected: str) -> None:
    before = project.files()
    assert expected in project.fides(*words, code=int("--dry-run" not in words))
    assert project.files() == before


def test_an_inventory_that_would_not_load_stays_as_it_is(project: Project, tmp_path: Path) -> None:
    (project.inventory / "crm.yml").write_text(
        "source: crm\nkind: postgres\ntables:\n  contact: {subject: {nr: id}, columns: {id: {}}}\n",
        encoding="utf-8",
    )
    before = project.files()
    assert "Nothing was written: the inventory would not load" in project.fides(code=1)
    assert project.files() == before
    project.inventory = tmp_path
    assert "afschrift init" in project.fides(*NEW, code=1)


def test_an_export_never_writes_over_something_else_unasked(project: Project, tmp_path: Path) -> None:
    project.fides(*NEW, "--confirmed-by", "Bea", "--why", "ours")
    project.settle_ways()
    out = tmp_path / "out.yml"
    export = ("export", "fides", "crm", "--out", str(out))
    assert f"Wrote {out}" in project(*export)
    assert out.read_text(encoding="utf-8") == project("export", "fides", "crm")
    assert "has this content already" in project(*export)
    out.write_text("mine", encoding="utf-8")
    assert "--force" in project(*export, code=1)
    assert out.read_text(encoding="utf-8") == "mine"
    project(*export, "--force")
    assert "user.contact.email" in out.read_text(encoding="utf-8")
    assert "choose one of" in project("export", "fides", "moon", code=1)


CLUB = """
CREATE TABLE members (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE, trainer_id INTEGER
  REFERENCES employees);
CREATE TABLE employees (employee_id INTEGER PRIMARY KEY, last_name TEXT, email TEXT UNIQUE);
CREATE TABLE "Select" ("Order" INTEGER PRIMARY KEY, "member id" INTEGER REFERENCES members, "a: b" TEXT, "yes" TEXT,
  deleted_at TEXT);
CREATE TABLE plan (plan_id INTEGER PRIMARY KEY, title TEXT);
CREATE TABLE loose (x TEXT, tenant_id INTEGER);
CREATE VIEW adults AS SELECT id, email FROM members;
INSERT INTO members VALUES (1, 'Canary-Name', 'Canary-Name', 'canary@example.org', NULL);
"""


NOW = "2026-06-01T10:00:00Z"


@pytest.fixture
def drafted_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A drafted project, with the settings that commands take from it."""
    without_settings(monkeypatch)
    folder = tmp_path / "ours"
    draft_project(folder, NOW)
    for name, value in {"HOME": folder / ".afschrift", "INVENTORY": folder / "inventory", "DEMO": 1}.items():
        monkeypatch.setenv(f"AFSCHRIFT_{name}", str(value))
    return folder


@pytest.fixture
def scanned_project(drafted_project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(drafted_project)
    made(drafted_project / "club.db", CLUB)
    return drafted_project


def scan(*words: str, code: int = 0) -> CommandResult:
    result = in_this_process(("inventory", "scan", *words), "")
    assert result.code == code, result
    return result


def of_club(folder: Path) -> tuple[str, ...]:
    return ("--kind", "sqlite", "--option", f"path={folder / 'club.db'}")


def test_a_draft_loads_and_nothing_in_it_counts(scanned_project: Path) -> None:
    identity = (scanned_project / "inventory" / "identity.yml").read_text()
    result = scan(*of_club(scanned_project), "--zone", "Europe/Amsterdam")

    written = "".join(file.read_text() for file in (scanned_project / "inventory").iterdir())
    assert "canary" not in (result.text + result.errors + written).lower(), "no value is written or said"
    inventory = load(scanned_project / "inventory", SOURCES)
    assert (scanned_project / "inventory" / "identity.yml").read_text() == identity, "what people wrote stays"
    assert "member_id" in inventory.identity.keys
    assert inventory.identity.person == "customer_id"
    club = inventory.sources["club"]
    assert club.tables["members"].subject["member_id"].column == "id"
    assert club.tables["members"].subject["email"].match == "casefold"
    assert set(club.tables["employees"].subject) == {"employee_id"}, "staff are found by a key of their own"
    assert club.tables["Select"].subject["member_id"].column == "member id"
    assert list(club.tables["Select"].columns) == ["Order", "member id", "a: b", "yes", "deleted_at"]
    assert club.tables["adults"].copy_of == "members"
    assert club.zone == "Europe/Amsterdam"
    emails = club.tables["members"].columns["email"]
    assert emails.origin is None and emails.proposal is not None and emails.proposal.origin == "provided"
    assert club.tables["members"].columns["trainer_id"].about == "subject", "what is proposed decides nothing"
    everything = ["adults", "loose", "plan"]
    assert club.undescribed(club.tables) == everything, (
        "a table that is only proposed as not personal is not described"
    )
    assert scan(*of_club(scanned_project)).text.count("Nothing is new") == 1
    columns, left = progress(inventory)
    assert {path for path in left if path.startswith("club.")} == {
        f"club.{name}.{column}"
        for name in ("members", "employees", "Select")
        for column in club.tables[name].columns
    }
    assert columns > len(left), "the example beside it is classified"
    assert "6 tables (1 view among them)" in result.text
    assert "People: members, known by id" in result.text and "Other people: employees" in result.text
    assert "plan" in result.text and "loose" in result.text and "The inventory loads" in result.text
    text = (scanned_project / "inventory" / "club.yml").read_text()
    assert "deleted_at marks rows as deleted" in text and "tenant_id tells tenants apart" in text


def test_a_dry_run_writes_nothing(scanned_project: Path) -> None:
    before = {file.name: file.read_text() for file in (scanned_project / "inventory").iterdir()}
    result = scan(*of_club(scanned_project), "--dry-run")
    assert result.text.startswith("# A draft of what club holds") and "People: members" in result.errors
    assert {file.name: file.read_text() for file in (scanned_project / "inventory").iterdir()} == before


def test_a_file_of_something_else_stays(scanned_project: Path) -> None:
    file = scanned_project / "inventory" / "club.yml"
    for content in ("source: other\n", "not: [YAML"):
        file.write_text(content)
        result = scan(*of_club(scanned_project), code=1)
        assert "club.yml is there already" in result.errors and "--out" in result.errors
        assert file.read_text() == content
    file.write_text("source: club\n")
    result = scan(*of_club(scanned_project), "--out", str(scanned_project / "inventory" / "more.yml"), code=1)
    assert "club.yml describes a source club already" in result.errors and "--name" in result.errors


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Nothing says what to scan"),
        (("nowhere",), "AIRFLOW_CONN_NOWHERE"),
        (("--kind", "excel"), "choose one of delta, duckdb"),
        (("--kind", "sqlite"), "no option `path`"),
        (("--kind", "sqlite", "--option", "path"), "KEY=VALUE"),
        (("--kind", "sqlite", "--option", "path=no.db"), "is there"),
        (("--kind", "sqlite", "--option", "path=7"), "is there"),
        (("--kind", "sqlite", "--option", "path=club.db", "--option", "depth=7"), "choose from"),
        (("--kind", "sqlite", "--option", "path=club.db", "--name", "A B"), "small letters"),
        (("--kind", "sqlite", "--option", "path=club.db", "--person", "absent"), "no table absent"),
        (("--kind", "sqlite", "--option", "path=club.db", "--zone", "Mars"), "time zone"),
    ],
)
def test_refused_scan_names_the_remedy(scanned_project: Path, words: tuple[str, ...], expected: str) -> None:
    before = sorted((scanned_project / "inventory").iterdir())
    result = scan(*words, code=1)
    assert expected in result.errors and "What to do:" in result.errors
    assert sorted((scanned_project / "inventory").iterdir()) == before


def test_scan_of_an_empty_database_reports_it(scanned_project: Path) -> None:
    made(scanned_project / "empty.db", "")
    result = scan("--kind", "sqlite", "--option", "path=empty.db")
    assert "0 tables" in result.text and "There is nothing to describe" in result.text


def test_init_makes_a_project_and_says_what_next(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    result = in_this_process(("init", str(ours)))

    assert result.code == 0, result
    made = {str(path.relative_to(ours)) for path in ours.rglob("*") if path.is_file()}
    assert {"afschrift.env", "dags/afschrift_dags.py", ".gitignore", ".github/workflows/check.yml"} <= made
    assert {f"inventory/{name}.yml" for name in ("controller", "identity", "policy", "example")} <= made
    assert set(result.text.split()) == made - {".afschrift/example.db"}
    assert "afschrift key new" in result.errors and "afschrift check" in result.errors
    assert "VERSION" not in (ours / "requirements.txt").read_text()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")

    with pytest.raises(ConfigurationError, match=r"no empty folder.*name an empty folder"):
        draft_project(tmp_path, NOW)
    with pytest.raises(ConfigurationError, match="no empty folder"):
        draft_project(tmp_path / "note.txt", NOW)

    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_check_says_what_is_to_do_until_it_is_done(drafted_project: Path) -> None:
    before = run_command("check", code=1)
    assert "to do  There is no key file" in before and "afschrift key new" in before
    run_command("key", "new")
    assert "to do  controller.yml is an example" in run_command("check", code=1)

    controller = drafted_project / "inventory" / "controller.yml"
    controller.write_text(controller.read_text().replace("example: true", "example: false"))

    assert "to do" not in run_command("check")


def test_check_names_faults_of_the_inventory_and_goes_on(drafted_project: Path) -> None:
    file = drafted_project / "inventory" / "example.yml"
    text = file.read_text()
    file.write_text(text.replace("name: {origin: provided, ", "name: {"))
    assert "to do  1 column not classified" in run_command("check", code=1)
    file.write_text(text.replace("basis: A6-1-b", "basis: contract"))

    result = run_command("check", code=1)

    assert "example.yml" in result and "choose one of A6-1-a" in result
    assert "to do  There is no key file" in result


def test_the_test_of_the_project_passes(drafted_project: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AFSCHRIFT", "AIRFLOW"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=drafted_project, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
