"""Commands that import and export the data map: what is written, printed and refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from testbed.mini import write_database, write_inventory
from tests.support.command_line import run_command

from afschrift.inventory.load import load
from afschrift.inventory.unconfirmed import guessed_ways, unclassified

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


def test_again_changes_nothing_and_what_is_confirmed_stays(project: Project) -> None:
    project.fides(*NEW)
    file = project.inventory / "crm.yml"
    asked = "      # asked in 2024\n      mood: {origin: inferred"
    text = file.read_text(encoding="utf-8").replace("      mood: {origin: provided", asked)
    assert "# asked in 2024" in text
    file.write_text(text, encoding="utf-8")
    before = project.files()
    assert "nothing is new" in project.fides()
    assert project.files() == before
    town = "    - {name: town, data_categories: [user.contact]}\n"
    project.dataset.write_text(DATASET + town, encoding="utf-8")
    assert "crm.draft.yml: 1 column added or completed in other tables" in project.fides()
    assert file.read_text(encoding="utf-8") == text
    assert load(project.inventory).sources["crm"].tables["contact"].columns["town"].proposal is not None


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
