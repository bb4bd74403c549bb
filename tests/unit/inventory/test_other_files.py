"""What is read of the smaller files of a data map and of the law: ages, grounds, manual systems, names, members, zone."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from testbed import mini
from testbed.mini import write_inventory
from tests.support import help_desk, profile_shop
from tests.support.family import SHOP
from tests.support.manual import add_systems, system

from afschrift.datamap.exchange.dataset import export
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import Medium
from afschrift.domain.value_kind import DocumentPart
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.check_columns import finder_hints
from afschrift.inventory.law_files import age_of_consent, court_routes, load_grounds
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import Organisation
from afschrift.law.grounds import Outcome
from afschrift.law.roles import Role
from afschrift.outside.read_yaml import read_yaml

AGES = Path(__file__).parents[3] / "include" / "law" / "ages.yml"


@pytest.mark.parametrize(("country", "age"), [("NL", 16), ("nl", 16), ("DE-BY", 16), ("XX", 16)])
def test_the_age_by_country_with_its_source(country: str, age: int) -> None:
    found = age_of_consent(AGES, country)
    assert found.age == age
    assert ("art. 5" in found.source) == (country.upper() == "NL")


@pytest.mark.parametrize("shipped", ["include", "include/project", "examples/chinook"])
def test_shipped_controllers_have_the_courts_of_the_law(shipped: str) -> None:
    root = Path(__file__).parents[3]
    usual = court_routes(root / "include" / "law" / "courts.yml", "NL")
    assert set(usual) == {"private", "public"}
    text = (root / shipped / "inventory" / "controller.yml").read_text(encoding="utf-8")
    written = Organisation.model_validate(read_yaml(text))
    assert (written.court, written.court_late) == (usual["private"].court, usual["private"].court_late)


@pytest.mark.parametrize("word", ["birth_date", "age"])
def test_the_column_of_the_age_is_one_that_knows_the_person(tmp_path: Path, word: str) -> None:
    mini.write_inventory(tmp_path, SHOP)
    (tmp_path / "identity.yml").write_text(f"{mini.IDENTITY}{word}: shop.customer.born\n", encoding="utf-8")
    assert load(tmp_path).identity.age_column == "shop.customer.born"


FOLDER = Path(__file__).parents[3] / "include" / "grounds"


def test_the_shipped_table_is_read_whole(tmp_path: Path) -> None:
    grounds = load_grounds(FOLDER)
    assert {"own_costs", "effort", "count"} == set(grounds.never)
    with pytest.raises(ConfigurationError, match="the file is missing"):
        load_grounds(tmp_path)
    assert "other" not in grounds.codes
    every = grounds.grounds.values()
    assert {outcome for ground in every for outcome in ground.outcomes} == set(Outcome) - {Outcome.FULFIL}
    assert {name for ground in every for name in ground.fields} == set(grounds.fields)
    assert all(set(titled.title) == {"nl", "en"} for titled in (*grounds.fields.values(), *every))


MAIL = system("mail", "mailbox", "provided, derived", "Bea")


def test_manual_system_is_listed_with_the_sources(tmp_path: Path) -> None:
    inventory = load(add_systems(write_inventory(tmp_path / "inventory"), MAIL, system("tape", "backup")))
    assert list(inventory.sources) == ["shop"]
    mail, tape = inventory.manual.values()
    assert (mail.medium, mail.holds) == (Medium.MAILBOX, (Origin.PROVIDED, Origin.DERIVED))
    assert (mail.role, mail.person) == (Role.SOURCE_OWNER, "Bea")
    assert (tape.role, tape.person) == (Role.SOURCE_OWNER, None)
    before = inventory.digest
    changed = add_systems(tmp_path / "inventory", MAIL.replace("Bea", "Cas"))
    assert load(changed).digest != before, "it is drift"


NO_NAMES = {"    names: {columns: [first, last]}\n": "", "    names: {columns: [name]}\n": ""}


@pytest.mark.parametrize(
    ("amend", "hints"),
    [
        ({}, []),
        ({", free_text: true": ""}, ["calls.call.note", "shop.ticket.body"]),
        (NO_NAMES, ["No table says `names`"]),
    ],
    ids=["all is declared", "columns look like free text", "no names"],
)
def test_what_is_not_declared_is_hinted_at(tmp_path: Path, amend: dict[str, str], hints: list[str]) -> None:
    found = list(finder_hints(load(help_desk.write(tmp_path, amend))))
    assert len(found) == len(hints)
    assert all(hint.startswith(words) for hint, words in zip(found, hints, strict=True))


def visits(folder: Path, old: str = "", new: str = "") -> SourceFile:
    """The map of a shop with documents, with a text of it replaced."""
    written = profile_shop.write_inventory(folder / "inventory", "duckdb", "options: {path: nowhere.duckdb}")
    file = written / "shop.yml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new) if old else file.read_text())
    return load(written).sources["shop"]


def test_a_member_is_a_column_and_its_document_the_rest(tmp_path: Path) -> None:
    paths = {"city": ("address", "city"), "zip": ("address", "zip"), "score": ("score",), "dotted": ("a.b",)}
    members = {f"profile_{name}": DocumentPart("profile", path) for name, path in paths.items()}
    document = DocumentPart("profile", named=tuple(paths.values()))
    assert visits(tmp_path).tables["visit"].parts == {"profile": document, **members}
    waits = "[profile, score], "
    column = (
        visits(tmp_path / "waits", waits, f"{waits}review: needed, ").tables["visit"].columns["profile_score"]
    )
    assert column.proposal is not None
    assert column.path == ("profile", "score"), "a proposal keeps it"


def test_a_dataset_of_fides_leaves_members_out_and_says_so(tmp_path: Path) -> None:
    found = export(visits(tmp_path))
    assert "name: profile\n" in found.text
    assert "profile_city" not in found.text
    assert "visit.profile_city: a member of a document" in found.left_out


PLAIN: dict[str, Any] = {
    "name": "Winkel",
    "address": "Straat 1",
    "body": "private",
    "contact": "privacy@example.org",
    "languages": ["nl"],
    "authority": {"nl": "AP"},
    "authority_url": "https://example.org",
    "court": {"nl": "rechtbank"},
}


def controller(**more: str) -> Organisation:
    return Organisation.model_validate({**PLAIN, **more})


def test_the_zone_follows_the_place_unless_it_is_named() -> None:
    places = {"NL": "Europe/Amsterdam", "FR-GP": "America/Guadeloupe", "fr-gp": "America/Guadeloupe"}
    assert {country: controller(country=country).zone for country in places} == places
    assert controller(country="FR-GP", zone="Europe/Paris").zone == "Europe/Paris"
    with pytest.raises(ValidationError, match="zone"):
        controller(country="US-NY")  # which has several
    assert controller(country="US-NY", zone="America/New_York").zone == "America/New_York"
    assert "zone" not in Organisation.model_json_schema()["required"]
