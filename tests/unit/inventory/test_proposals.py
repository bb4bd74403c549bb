"""A word with `review: needed` is a proposal: it blocks like a column that is not classified."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from testbed.mini import SHOP, write_inventory

from afschrift.casework.columns.meaning import column_words
from afschrift.casework.decision.source_triggers import is_case_column
from afschrift.datamap.explain import explain
from afschrift.datamap.review.groups import groups
from afschrift.datamap.review.offered import Lack, lacking
from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory, casefold_keys
from afschrift.inventory.unconfirmed import (
    asked_lines,
    asked_tables,
    guessed_ways,
    progress,
    unconfirmed_tables,
)
from afschrift.selection.identifiers import own_columns
from afschrift.selection.identifying_rows import marks_any
from afschrift.selection.table_decision import Classifier, PersonFacts

TEXT = ColumnType("VARCHAR", ValueKind.TEXT, "{column}")
DECIDED = {"by": "Data office", "on": "2026-11-28", "why": "Typed in at registration."}
SAID = YAML(typ="safe").load(SHOP)
COLUMNS = [
    (name, column)
    for name, table in SAID["tables"].items()
    if table.get("personal", True)
    for column in table["columns"]
]


def loaded(folder: Path, changes: dict[tuple[str, ...], Any]) -> Inventory:
    """The shop, with some words set: `{("customer", "columns", "name", "review"): "needed"}`."""
    yaml = YAML()
    shop = yaml.load(SHOP)
    for (*path, word), value in changes.items():
        place = shop["tables"]
        for step in path:
            place = place[step]
        place[word] = value
    folder = write_inventory(folder)
    with (folder / "shop.yml").open("w") as file:
        yaml.dump(shop, file)
    return load(folder)


def reasons(inventory: Inventory, table: str) -> Iterator[tuple[Right, str, Action, str]]:
    """What is decided on each column of a table, for each right."""
    source = inventory.sources["shop"]
    columns = dict.fromkeys(source.tables[table].columns, TEXT)
    for right in Right:
        decided = Classifier(inventory, right, PersonFacts()).table(source, table, columns)
        yield from ((right, field.name, field.action, field.reason) for field in decided.fields)


@pytest.mark.parametrize("word", ["column", "table"])
def test_every_column_of_the_shop_blocks_once_it_is_a_proposal(tmp_path: Path, word: str) -> None:
    changes: dict[tuple[str, ...], Any] = (
        {(table, "columns", column, "review"): "needed" for table, column in COLUMNS}
        if word == "column"
        else {(table, "review"): "needed" for table, _ in COLUMNS}
    )
    inventory = loaded(tmp_path, changes)
    for table in dict.fromkeys(table for table, _ in COLUMNS):
        for right, column, action, reason in reasons(inventory, table):
            assert (action, reason) == (Action.ASK, "unclassified"), (right, table, column)
    assert progress(inventory) == (len(COLUMNS), [f"shop.{table}.{column}" for table, column in COLUMNS])


def test_one_proposal_leaves_the_other_columns_as_they_were(tmp_path: Path) -> None:
    before = load(write_inventory(tmp_path / "before"))
    cases = [
        ("ticket_message", "body"),
        ("ticket_message", "author"),
        ("customer", "score"),
        ("customer", "name"),
    ]
    for number, (table, proposed) in enumerate(cases):
        after = loaded(tmp_path / str(number), {(table, "columns", proposed, "review"): "needed"})
        was = {(right, column): rest for right, column, *rest in reasons(before, table)}
        for right, column, *rest in reasons(after, table):
            expected = [Action.ASK, "unclassified"] if column == proposed else was[right, column]
            assert rest == expected, (right, table, column)


def test_under_a_table_that_is_proposed_a_columns_own_word_counts(tmp_path: Path) -> None:
    changes: dict[tuple[str, ...], Any] = {
        ("customer", "columns", name, "decided"): DECIDED for name in ("customer_id", "name")
    }
    changes |= {("customer", "review"): "needed", ("customer", "columns", "email", "review"): "case"}
    inventory = loaded(tmp_path, changes)
    found = {(right, column): reason for right, column, _, reason in reasons(inventory, "customer")}
    assert found[Right.ACCESS, "name"] == found[Right.ACCESS, "email"] == "access_provided"
    assert found[Right.ACCESS, "score"] == found[Right.ACCESS, "password_hash"] == "unclassified"
    table = inventory.sources["shop"].tables["customer"]
    assert is_case_column(inventory, table, "email")
    assert not is_case_column(inventory, table, "score")


KEYS: dict[str, tuple[dict[tuple[str, ...], Any], str]] = {
    "a key of the subject": ({("device", "columns", "device_id", "review"): "needed"}, "device.device_id"),
    "until when it held": ({("device", "columns", "unpaired", "review"): "needed"}, "device.unpaired"),
    "a column of a join": ({("device", "join"): {"paired": "orders.ordered_at"},
                            ("orders", "columns", "ordered_at", "review"): "needed"}, "orders.ordered_at"),
    "the table": ({("device", "review"): "needed", **{
        ("device", "columns", name, "decided"): DECIDED
        for name in ("customer_id", "device_id", "paired")}}, "device.unpaired"),
}  # fmt: skip


@pytest.mark.parametrize("case", KEYS)
def test_no_column_is_given_by_an_unconfirmed_key(tmp_path: Path, case: str) -> None:
    changes, place = KEYS[case]
    inventory = loaded(tmp_path, changes)
    for right, column, action, reason in reasons(inventory, "device"):
        assert (action, reason) == (Action.ASK, "unclassified"), (right, column)
    paired = inventory.sources["shop"].tables["device"].columns["paired"]
    assert paired.awaits == (place,)
    assert place in column_words(paired)
    assert all(action is not Action.ASK for _, _, action, _ in reasons(inventory, "ticket"))


def test_unconfirmed_key_gives_no_data_further_on(tmp_path: Path) -> None:
    inventory = loaded(tmp_path, {("orders", "columns", "customer_id", "review"): "needed"})
    for table in ("orders", "line", "line_note", "shipment"):
        assert {action for _, _, action, _ in reasons(inventory, table)} == {Action.ASK}, table
        columns = inventory.sources["shop"].tables[table].columns.values()
        assert {column.awaits for column in columns} <= {("orders.customer_id",), ()}
    assert all(action is not Action.ASK for _, _, action, _ in reasons(inventory, "ticket"))


def test_guess_does_not_decide_whether_a_pointer_is_another_person(tmp_path: Path) -> None:
    """As a tie it would leave, as another person's number stay; where only a program says which, a person does."""
    points: dict[tuple[str, ...], Any] = {("ticket", "references"): {"ticket_id": "device.device_id"}}
    place = Right.PORTABILITY, "ticket_id"

    def decided(name: str, changes: dict[tuple[str, ...], Any]) -> tuple[Action, str]:
        found = {
            (right, column): rest
            for right, column, *rest in reasons(loaded(tmp_path / name, changes), "ticket")
        }
        action, reason = found[place]
        assert found[Right.ACCESS, "ticket_id"] == [Action.INCLUDE, "access_assigned"]
        return action, reason

    assert decided("sure", points) == (Action.EXCLUDE, "origin_assigned")
    for number, guess in enumerate(({("device", "ways"): "guessed"},
                                    {("device", "columns", "customer_id", "review"): "needed"})):  # fmt: skip
        assert decided(f"guess{number}", points | guess) == (Action.ASK, "others_undecided")


def test_a_guessed_table_does_not_say_how_a_key_is_compared(tmp_path: Path) -> None:
    by_email = ("customer", "customer_email")
    assert casefold_keys(loaded(tmp_path / "sure", {})) == {"email"}
    all_of_them = {(table, "ways"): "guessed" for table in (*by_email, "newsletter", "login")}
    assert casefold_keys(loaded(tmp_path / "guess", all_of_them)) == set()
    entry = loaded(tmp_path / "one", {("customer", "ways"): "guessed"})
    assert casefold_keys(entry) == {"email"}, "another table, that a person confirmed, says it too"


def test_proposal_never_counts_as_confirmed(tmp_path: Path) -> None:
    proposed = {
        "origin": "provided", "category": "user.contact.email", "identifies": True, "purposes": ["account"],
        "mentions": {"settled": "not_searched", "by": "x", "on": "2026-11-28", "why": "y"},
        "title": {"nl": "E-mail", "en": "E-mail"}, "codes": {"a": {"nl": "a", "en": "a"}}, "free_text": True,
    }  # fmt: skip
    at = ("customer", "columns", "email")
    plain = loaded(tmp_path / "plain", {at: proposed})
    waiting = loaded(tmp_path / "waiting", {at: proposed | {"review": "needed"}})
    assert marks_any(plain)
    assert not marks_any(waiting)
    assert list(own_columns(plain.sources["shop"], "customer_id"))
    assert not list(own_columns(waiting.sources["shop"], "customer_id"))
    column = waiting.sources["shop"].tables["customer"].columns["email"]
    assert column.model_fields_set == {"review", "proposed", "free_text"}  # to look for others is caution
    assert column.proposal is not None
    assert column.proposal.category == "user.contact.email"
    assert column_words(column) == "proposed, not confirmed: E-mail (provided, email)"


def test_proposed_copy_and_proposed_impersonal_table_are_not_described(tmp_path: Path) -> None:
    names = ["sku", "wishlist"]
    copy: dict[str, Any] = {"copy_of": "wishlist"}
    sure = loaded(tmp_path / "sure", {("copy",): copy})
    assert sure.sources["shop"].undescribed([*names, "copy"]) == []
    assert unconfirmed_tables(sure) == []
    proposed = {("copy",): copy | {"review": "needed"}, ("sku", "review"): "needed"}
    doubtful = loaded(tmp_path / "doubtful", proposed)
    source = doubtful.sources["shop"]
    assert source.undescribed([*names, "copy"]) == ["copy", "sku"]
    assert unconfirmed_tables(doubtful) == ["shop.sku", "shop.copy"]
    # Where other tables are passed over a proposed one still stops.
    assert source.not_passed_over([*names, "other"]) == ["other", "sku"]
    assert source.model_copy(update={"unlisted": "ignore"}).not_passed_over([*names, "other"]) == ["sku"]


@pytest.mark.parametrize("word", ["columns", "table"])
def test_decided_and_unconfirmed_exclude_each_other(tmp_path: Path, word: str) -> None:
    place = ("customer", "columns", "name") if word == "columns" else ("customer",)
    with pytest.raises(InventoryError, match="leave one of them out"):
        loaded(tmp_path, {(*place, "review"): "needed", (*place, "decided"): DECIDED})


def test_a_proposal_is_checked_but_for_what_only_a_person_knows(tmp_path: Path) -> None:
    path = ("beat", "columns", "bpm")
    inferred = {"origin": "inferred", "review": "needed", "category": "user.health_and_medical"}
    assert loaded(tmp_path / "a", {path: inferred})  # its `meaning` comes with the confirmation
    with pytest.raises(InventoryError, match="Fides taxonomy"):
        loaded(tmp_path / "b", {path: inferred | {"category": "user.nope"}})
    with pytest.raises(InventoryError, match="not declared"):
        loaded(tmp_path / "c", {path: inferred | {"purposes": ["nope"]}})
    with pytest.raises(InventoryError, match="confidence"):
        loaded(tmp_path / "d", {path: inferred | {"proposed": {"confidence": 1.2, "because": "x"}}})


ASKED: dict[str, Any] = {
    "ways": "asked",
    "possible": [
        {
            "subject": {"customer_id": "n"},
            "because": "4 of 4 values are in customer.customer_id; 3 of its 40",
        },
        {"join": {"n": "orders.order_id"}, "because": "4 of 4 values are in orders.order_id; 3 of its 60"},
    ],
    "columns": {"n": {"review": "needed"}},
}


def test_table_that_is_asked_about_counts_as_not_described(tmp_path: Path) -> None:
    inventory = loaded(tmp_path, {("visit",): ASKED})
    source = inventory.sources["shop"]
    assert source.undescribed(["visit"]) == ["visit"], "every request stops there"
    assert not source.tables["visit"].personal
    assert asked_tables(inventory) == unconfirmed_tables(inventory) == ["shop.visit"]
    assert guessed_ways(inventory) == []
    lines = " ".join(asked_lines(inventory))
    assert "shop.visit is asked about" in lines and "`join: {n: orders.order_id}`, as 4 of 4" in lines
    [question] = [group for group in groups(inventory) for place in group.places if place.table == "visit"]
    assert list(lacking(question, {})) == [Lack.WHOSE], "a yes to `personal: false` would lose its rows"
    with pytest.raises(ConfigurationError, match=r"Nothing says whose.*3 of its 40.*3 of its 60"):
        explain(inventory, "shop.visit.n", Right.ACCESS)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({**ASKED, "subject": {"customer_id": "n"}}, "`subject` says whose its rows are: take out"),
        ({**ASKED, "ways": None, "subject": {"customer_id": "n"}}, "possible ways belong to `ways`"),
    ],
)
def test_way_with_the_question_for_it_is_a_fault(tmp_path: Path, words: dict[str, Any], fault: str) -> None:
    with pytest.raises(InventoryError, match=fault):
        loaded(tmp_path, {("visit",): words})
