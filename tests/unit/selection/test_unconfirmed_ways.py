"""A table whose way to a person is only proposed leads to no person."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from testbed.mini import write_database
from tests.support.key_shop import AT, SQL
from tests.unit.inventory.test_proposals import loaded as shop_with

from afschrift.domain.keys import Key
from afschrift.inventory.model import Inventory
from afschrift.selection.identifying_rows import identifying_tables
from afschrift.selection.identity_graph import Expansion
from afschrift.sources.registry import open_source

BY_EMAIL = ("customer", "customer_email")
WORDS = {
    "a way is guessed": {("ways",): "guessed"},
    "the table waits": {("review",): "needed"},
    "one column of its keys waits": {("columns", "email", "review"): "needed"},
}


@pytest.fixture(scope="module", autouse=True)
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINI_SHOP", str(write_database(tmp_path_factory.mktemp("mini") / "shop.duckdb")))
        yield


def loaded(folder: Path, words: dict[tuple[str, ...], Any]) -> Inventory:
    """The shop, with words in each table that knows its people by an address."""
    return shop_with(folder, {(table, *path): word for table in BY_EMAIL for path, word in words.items()})


def found(inventory: Inventory, key: Key) -> set[tuple[str, str]]:
    declared = inventory.sources["shop"]
    expansion = Expansion(inventory, lambda name: open_source(name, declared.kind, declared.options), SQL, AT)
    return {(found.name, found.value) for found in expansion.run([key]).keys}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_no_key_leads_on_by_an_unconfirmed_table(tmp_path: Path, words: dict[tuple[str, ...], Any]) -> None:
    email = Key("email", "bob@example.org")
    assert ("customer_id", "2") in found(loaded(tmp_path / "sure", {}), email)
    waiting = loaded(tmp_path / "waiting", words)
    assert found(waiting, email) == {("email", "bob@example.org")}
    assert not any(name == "email" for name, _ in found(waiting, Key("customer_id", "2")))


def test_table_joined_to_an_unconfirmed_one_leads_nowhere(tmp_path: Path) -> None:
    source = loaded(tmp_path, {("columns", "customer_id", "review"): "needed"}).sources["shop"]
    assert not source.may_follow("customer")
    joined = [name for name, table in source.tables.items() if table.join and not table.subject]
    by_customer = [name for name in joined if "customer" in repr(source.tables[name].join)]
    assert by_customer
    assert not any(map(source.may_follow, by_customer))
    assert source.may_follow("device")


def test_unconfirmed_key_looks_up_no_person(tmp_path: Path) -> None:
    shown = {("columns", "customer_id", "identifies"): True}
    keys = partial(identifying_tables, names={"email", "customer_id"})
    sure = loaded(tmp_path / "sure", shown)
    assert {key.table for key in keys(sure)} == set(BY_EMAIL)
    waiting = loaded(tmp_path / "waiting", {**shown, ("columns", "email", "review"): "needed"})
    assert not list(keys(waiting))
