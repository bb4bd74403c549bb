"""A manifest that dbt wrote becomes proposals, with relationships tests as ways."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afschrift.datamap.exchange.external_draft import ExternalDraft, draft
from afschrift.datamap.exchange.manifest import described
from afschrift.domain.errors import ConfigurationError

MANIFEST = Path(__file__).parent / "dbt_project" / "manifest.json"
TEXT = MANIFEST.read_text(encoding="utf-8")


def drafted(text: str = TEXT, schema: str | None = None) -> ExternalDraft:
    head = {"source": "garden", "kind": "duckdb"}
    return draft(described(text, "manifest.json", schema), head, person="customer_id")


def test_meta_and_tags_are_words_of_the_inventory() -> None:
    customers = drafted().source["tables"]["customers"]
    assert customers["subject"] == {"customer_id": "customer_id", "email": "mail"}
    columns = customers["columns"].items()
    assert {name: (entry.get("origin"), entry.get("category")) for name, entry in columns} == {
        "customer_id": ("assigned", "user.unique_id"),
        "full_name": ("provided", "user.name"),
        "mail": ("provided", "user.contact.email"),
        "born": ("provided", "user.demographic.date_of_birth"),
    }
    assert all(column["review"] == "needed" for column in customers["columns"].values())
    assert drafted().source["tables"]["orders"]["columns"]["price"]["unit"] == "EUR"


def test_tests_are_keys_and_ways() -> None:
    tables = drafted().source["tables"]
    assert tables["customers"]["key"] == ["customer_id"]
    assert tables["orders"]["join"] == {"customer_id": "customers.customer_id"}
    assert tables["customer_value"]["join"] == {"customer_id": "customers.customer_id"}
    assert tables["plants"]["join"] == {"plant_id": "orders.plant_id"}

    key = [{"type": "primary_key", "columns": ["customer_id", "plant_id"]}]
    found = changed(lambda nodes: nodes["orders"].update(constraints=key))
    assert found.source["tables"]["orders"]["key"] == ["customer_id", "plant_id"]


def test_left_out_parts_are_listed() -> None:
    notes = "\n".join(drafted().notes)
    for words in (
        "`meta.pii` is not imported (customer_value.tier)",
        "`meta.contains_pii` is not imported (customers.born)",
        "`tag nightly` is not imported (customers.mail)",
        "`shoe_size` is not imported (customers.mail)",
        "raw_plants: dbt describes none of its columns",
    ):
        assert words in notes
    assert "orders_per_day" not in notes, "what dbt keeps nowhere is no table"


def test_a_table_of_another_schema_bears_its_name() -> None:
    names = ("customers", "orders", "plants", "customer_value")
    assert set(drafted(schema="core").source["tables"]) == {f"main.{name}" for name in names}


def changed(change: Callable[[dict[str, Any]], object]) -> ExternalDraft:
    """The draft of the manifest with something else about its nodes."""
    manifest = json.loads(TEXT)
    change(
        {name.rpartition(".")[2]: node for name, node in manifest["nodes"].items()} | {"": manifest["nodes"]}
    )
    return drafted(json.dumps(manifest))


def test_a_table_that_is_in_two_databases_is_taken_once() -> None:
    other = "model.garden_shop.old_plants"
    found = changed(lambda nodes: nodes[""].update({other: nodes["plants"] | {"database": "old"}}))
    assert "plants: dbt has it in several databases; that of old is left out" in found.notes


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"metadata": {}, "nodes": {}, "sources": {}}'])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="dbt parse"):
        described(text, "manifest.json")
