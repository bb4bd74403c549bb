"""A dataset of Fides becomes proposals and ways; what has no place here is reported; what is confirmed goes back."""

from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from afschrift.datamap.exchange.dataset import datasets, export
from afschrift.datamap.exchange.external_draft import ExternalDraft, draft
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.column import ClassifiedBy
from afschrift.inventory.model import SourceFile
from afschrift.outside.read_yaml import read_yaml

SCHEMA = Path(__file__).parent / "data" / "fides_dataset.schema.json"
DATASET = SCHEMA.with_name("shop_dataset.yml").read_text(encoding="utf-8")
BEA = ClassifiedBy(by="Bea", why="we made the dataset", on=date(2026, 1, 1))


def drafted(text: str = DATASET, confirmed: ClassifiedBy | None = None) -> ExternalDraft:
    ((_, described),) = datasets(text, "shop.yml")
    return draft(described, {"source": "shop", "kind": "postgres"}, person="email", confirmed=confirmed)


def model(found: dict[str, Any]) -> SourceFile:
    return SourceFile.model_validate(found)


def settled(found: dict[str, Any]) -> dict[str, Any]:
    """The same after an officer confirmed the ways."""
    tables = {
        name: {word: value for word, value in table.items() if word != "ways"}
        for name, table in found["tables"].items()
    }
    return {**found, "tables": tables}


def test_categories_and_references_are_proposed_and_block() -> None:
    found = drafted().source
    customer = model(found).tables["customer"]
    email = customer.columns["email"]
    assert email.review == "needed" and email.category is None
    assert email.proposal is not None
    assert (email.proposal.category, email.proposal.origin) == ("user.contact.email", "provided")
    assert customer.key == ("id",)
    columns = found["tables"]["customer"]["columns"]
    assert columns["pass_word"]["protect"] == "secret"
    assert "origin" not in columns["seen"], "what says nothing of the origin stays open"
    assert columns["home_id"]["origin"] == "assigned", "a number that ties rows together was given out"
    ways = {
        name: (table.get("subject"), table.get("join"), table.get("table"))
        for name, table in found["tables"].items()
    }
    assert ways == {
        "customer": ({"email": "email"}, None, None),
        "orders": (None, {"customer_id": "customer.id"}, None),
        "address": (None, {"id": "customer.home_id"}, None),
        "ticket": ({"email": "email"}, None, None),
        "ticket_by_second": ({"email": "second"}, None, "ticket"),
        "stock": (None, None, None),
    }
    stock = found["tables"]["stock"]
    assert stock["personal"] is False and stock["review"] == "needed"


def test_left_out_parts_are_listed_with_their_place() -> None:
    notes = "\n".join(drafted().notes)
    for words in (
        "`description` is not imported (the dataset)",
        "`after` is not imported (stock)",
        "`fides_meta.read_only` is not imported (address.street)",
        "customer.email: a column has one category here; user.contact is left out",
        "customer.mood: user.mood is no category",
        "orders.customer_id -> crm",
        "orders.customer_id: there is no field customer.gone",
        "stock: no way leads",
    ):
        assert words in notes
    assert "data_type" not in notes


@pytest.mark.parametrize("confirmed", [None, BEA])
def test_every_way_is_a_guess_and_no_column_counts_before_it(confirmed: ClassifiedBy | None) -> None:
    found = drafted(confirmed=confirmed)
    source = model(found.source)
    with_way = {name for name, table in source.tables.items() if table.subject or table.join}
    assert with_way == {"customer", "address", "orders", "ticket", "ticket_by_second"}
    assert {name for name, table in source.tables.items() if table.ways == "guessed"} == with_way
    for name in with_way:
        assert all(source.tables[name].lacks_class(column) for column in source.tables[name].columns.values())
    assert any("the ways are not confirmed" in note for note in found.notes) is (confirmed is not None)


def test_import_can_confirm_and_incomplete_columns_still_wait() -> None:
    found = drafted(confirmed=BEA)
    tables = model(settled(found.source)).tables
    assert tables["customer"].columns["email"].origin == "provided"
    decided = tables["customer"].columns["email"].decided
    assert decided is not None and decided.by == "Bea"
    assert {"customer.seen", "customer.mood", "stock.amount"} <= set(found.open)
    assert "customer.pass_word" not in found.open
    assert tables["customer"].columns["seen"].review == "needed"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", ":1"),
        ("systems: []", "no dataset"),
        ("dataset: [{name: x}]", "lacks `fides_key`"),
        ("dataset: [{fides_key: x, collections: [{fields: []}]}]", "lacks `name`"),
        ("dataset: [{fides_key: x, collections: {a: b}}]", "shop.yml"),
    ],
)
def test_what_is_no_dataset_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        list(datasets(text, "shop.yml"))


def collections(exported: str) -> list[dict[str, Any]]:
    """The collections of a dataset that is one by the schema of Fides."""
    dataset = yaml.safe_load(exported)["dataset"][0]
    jsonschema_rs.validator_for(SCHEMA.read_text(encoding="utf-8")).validate(dataset)
    found: list[dict[str, Any]] = dataset["collections"]
    return found


def test_what_is_confirmed_goes_back_to_fides_and_comes_again_the_same() -> None:
    source = model(settled(drafted(confirmed=BEA).source))
    exported = export(source)
    names = {"customer", "address", "orders", "ticket", "stock"}
    assert {collection["name"] for collection in collections(exported.text)} == names
    assert export(source).text == exported.text
    again = drafted(exported.text, BEA).source["tables"]
    for name, table in drafted(confirmed=BEA).source["tables"].items():
        for word in ("subject", "join", "key"):
            assert again[name].get(word) == table.get(word), name
        for column, words in table["columns"].items():
            if "decided" in words:
                assert again[name]["columns"][column].get("category") == words.get("category"), column


def test_a_guessed_way_is_not_exported_nor_one_that_rests_on_it() -> None:
    found = drafted().source
    sure = settled(found)
    sure["tables"]["customer"]["ways"] = "guessed"
    exported = export(model(sure))
    fields = {
        (collection["name"], field["name"])
        for collection in collections(exported.text)
        for field in collection["fields"]
        if field.get("fides_meta", {}).keys() & {"identity", "references"}
    }
    assert {table for table, _ in fields} == {"ticket"}, "its subject is its own"
    assert [line for line in exported.left_out if "guess" in line] == [
        f"{way}: a guess that is not confirmed, or a way that depends on one"
        for way in ("customer.subject", "address.join", "orders.join")
    ]


def test_words_without_a_place_in_fides_are_listed(project_root: Path) -> None:
    text = (project_root / "examples/chinook/inventory/chinook.yml").read_text(encoding="utf-8")
    exported = export(SourceFile.model_validate(read_yaml(text)))
    assert collections(exported.text)
    assert "customer.subject.email: match: casefold" in exported.left_out
