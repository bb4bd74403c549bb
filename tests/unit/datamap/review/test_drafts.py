"""A draft lies below a file of the inventory: only what is new, and nothing to what a person confirmed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.datamap.review.written_files import Drafted, drafted, lines
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.joins import tie_columns
from afschrift.inventory.layers import draft_of, layered
from afschrift.inventory.model import SourceFile
from afschrift.outside.read_yaml import read_yaml

FILE = """\
# Our shop. Ask Bea before you change it.
source: shop
kind: postgres

tables:
  # people
  customer: # the core
    subject: {nr: id}   # never by e-mail
    key: [id]
    columns:
      id: {origin: assigned}
      email: {}  # not yet
      name: {origin: provided, category: user.name, decided: {by: Bea, on: 2026-01-01, why: typed}}
      phone: {title: {en: Phone}, review: needed}   # look
      memo: {review: case}

  # what they bought
  orders: {join: {customer: customer.id}, columns: {id: {origin: assigned}, customer: &number {origin: assigned}}}
  # the end
"""
COLUMN = {"origin": "observed", "category": "user.behavior", "review": "needed"}


def draft(**tables: Any) -> dict[str, Any]:
    return {"source": "shop", "kind": "postgres", "tables": tables}


SHOP = Path("shop.yml")


def added_to(text: str, more: dict[str, Any]) -> Drafted:
    """A draft below a file; and what both say is what is loaded."""
    files = {SHOP: text.encode()} if text else {}
    found = drafted(SHOP, files, more)
    if found.added and text:
        assert found.file == draft_of(SHOP)
        loaded = layered(SHOP, {**files, found.file: found.written})
        assert loaded.document.data == found.content
        assert not loaded.document.all_faults
        assert not drafted(SHOP, {**files, found.file: found.written}, more).added, "nothing is added twice"
    return found


def source(text: str, more: dict[str, Any]) -> SourceFile:
    return SourceFile.model_validate(added_to(text, more).content)


def test_a_file_that_is_not_there_becomes_the_whole_draft() -> None:
    found = added_to("", draft(customer={"subject": {"nr": "id"}, "columns": {"id": COLUMN}}))
    assert found.added == ("source", "kind", "tables.customer")
    assert found.file == SHOP
    assert read_yaml(found.written)["tables"]["customer"]["columns"]["id"] == COLUMN
    assert b"      id: {origin: observed, category: user.behavior, review: needed}\n" in found.written


def test_only_what_is_new_is_added() -> None:
    more = draft(
        customer={
            "join": {"id": "account.customer"},
            "columns": dict.fromkeys(("id", "email", "name", "phone", "memo", "fax"), COLUMN),
        },
        orders={"key": ["id"], "columns": {"placed": COLUMN}},
        visit={"join": {"customer": "customer.id"}, "columns": {"customer": COLUMN}},
    )
    assert list(added_to(FILE, more).added) == [
        *(f"tables.customer.columns.email.{word}" for word in COLUMN),
        "tables.customer.columns.phone.origin",
        "tables.customer.columns.phone.category",
        "tables.customer.columns.fax",
        "tables.orders.columns.placed",
        "tables.visit",
    ]
    columns = source(FILE, more).tables["customer"].columns
    assert columns["name"].origin == "provided", "what a person confirmed stays"
    assert columns["email"].review == "needed" and columns["email"].origin is None


CONFIRMED = """\
source: s
kind: k
defaults: {columns: {"*_code": {origin: assigned}}}
confirmations: {m: {by: Bea, on: 2026-01-01, why: seen}}
tables:
  customer: {subject: {nr: id}, columns: {id: {origin: assigned}}}
  orders:
    subject: {nr: customer}
    confirmed: {in: m, columns: [promo_code]}
    columns: {customer: {origin: assigned}, number: {origin: assigned}}
  log: {columns: {id: {}}}
"""
PROMO = {"join": {"code": "orders.number"}, "columns": {"code": {"origin": "provided", "review": "needed"}}}


@pytest.mark.parametrize("promo", [{**PROMO, "ways": "guessed"}, PROMO, {**PROMO, "columns": {"code": {}}}])
def test_ties_are_listed_next_to_classified_columns_else_added(promo: Any) -> None:
    more = draft(
        orders={"key": ["number"], "references": {"promo_code": "promo.code"}, "columns": {}},
        log={"key": ["id"], "columns": {}},
        promo=promo,
    )
    found = added_to(CONFIRMED, more)
    assert found.added == ("tables.log.key", "tables.promo")
    before, after = (SourceFile.model_validate(entry) for entry in (read_yaml(CONFIRMED), found.content))
    assert after.tables["orders"] == before.tables["orders"]
    assert tie_columns(after, "orders") == tie_columns(before, "orders") == set()
    assert [line.partition(" is ")[0] for line in found.left] == [
        "tables.orders.key (number)",
        "tables.orders.references (promo_code: promo.code)",
    ]


@pytest.mark.parametrize(("column", "guessed"), [("origin: provided", "guessed"), ("", None)])
def test_a_first_way_of_classified_columns_is_a_guess(column: str, guessed: str | None) -> None:
    text = f"source: s\nkind: k\ntables:\n  t:\n    columns: {{a: {{{column}}}}}\n"
    assert source(text, draft(t={"subject": {"nr": "a"}, "columns": {}})).tables["t"].ways == guessed


SETTLED = [
    "columns: {a: {origin: assigned}}",
    "columns: {a: {protect: secret}}",
    "columns: {a: {review: case}}",
    "columns: {a: {review: case, origin: provided}}",
    "columns: {a: {decided: {by: Bea, on: 2026-01-01, why: w}}}\n    review: needed",
    "columns: {a: {title: {en: A}}}\n    origin: {by: kind, a: provided, else: block}",
    "confirmed: [a]",
    "confirmed: {in: map, columns: [a]}",
    "confirmed: [{by: B, columns: [b]}, {columns: [a]}]\n    columns: {a: {category: user.name}}",
]


@pytest.mark.parametrize("settled", SETTLED)
def test_what_a_person_classified_or_confirmed_gets_no_words(settled: str) -> None:
    text = f"source: s\nkind: k\ntables:\n  t:\n    key: [a]\n    {settled}\n"
    assert not added_to(text, draft(t={"columns": {"a": COLUMN}})).added
    more = draft(t={"columns": {"a": COLUMN, "c": COLUMN}})
    assert added_to(text, more).added == ("tables.t.columns.c",)
    copy = "source: s\nkind: k\ntables:\n  t: {key: [a], copy_of: other, columns: {a: {}}}\n"
    assert not added_to(copy, draft(t={"columns": {"a": COLUMN}})).added


def test_a_new_column_waits_where_the_draft_says_so_of_its_table() -> None:
    more = draft(orders={"review": "needed", "columns": {"placed": {"origin": "observed"}}})
    columns = source(FILE, more).tables["orders"].columns
    assert columns["placed"].proposal is not None
    assert columns["id"].proposal is None


def test_a_table_with_another_name_in_the_file_is_not_added_again() -> None:
    text = "source: s\nkind: k\ntables:\n  buyer: {table: customer, subject: {nr: id}, columns: {id: {}}}\n"
    more = draft(
        customer={"subject": {"nr": "id"}, "columns": {"id": COLUMN, "name": COLUMN}},
        orders={"join": {"customer": "customer.id"}, "columns": {"customer": COLUMN}},
        giver={"table": "customer", "subject": {"nr": "giver"}, "columns": {"giver": COLUMN}},
    )
    tables = added_to(text, more).content["tables"]
    assert list(tables) == ["buyer", "orders", "giver"]
    assert list(tables["buyer"]["columns"]) == ["id", "name"]
    assert tables["orders"]["join"] == {"customer": "buyer.id"}


def test_an_empty_mapping_and_what_is_used_twice_get_more() -> None:
    for value in ("", " {}", " # none yet"):
        found = added_to(f"source: s\nkind: k\ntables:{value}\n", draft(t={"columns": {"a": COLUMN}}))
        assert found.content["tables"]["t"]["columns"]["a"] == COLUMN
    text = "source: s\nkind: k\ntables:\n  a: {columns: &same {x: {}}}\n  b: {columns: *same}\n"
    tables = source(text, draft(b={"columns": {"y": COLUMN}})).tables
    assert (list(tables["a"].columns), list(tables["b"].columns)) == (["x"], ["x", "y"])


def test_what_is_written_by_hand_afterwards_counts_before_a_draft() -> None:
    """A column, a way, and a table that a program took for one without personal data."""
    more = draft(
        customer={"columns": {"fax": COLUMN}},
        visit={"personal": False, "review": "needed", "columns": {"id": COLUMN}},
        stay={"subject": {"nr": "guest"}, "ways": "guessed", "columns": {"guest": COLUMN}},
    )
    below = added_to(FILE, more)
    by_hand = (
        "  customer: {subject: {nr: id}, columns: {id: {origin: assigned}, fax: {origin: provided}}}\n"
        "  visit: {join: {id: customer.id}, columns: {}}\n  stay: {join: {guest: customer.id}}\n"
    )
    text = "source: shop\nkind: postgres\ntables:\n" + by_hand
    data = layered(SHOP, {SHOP: text.encode(), below.file: below.written}).document.data
    tables = SourceFile.model_validate(data).tables
    assert (tables["customer"].columns["fax"].origin, tables["visit"].personal) == ("provided", True)
    assert (tables["stay"].subject, tables["stay"].ways) == ({}, None)


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ("{a: {columns: {x: {}}}, b:\n {columns: {y: provided}}}", r":4: tables\.b\.columns\.y"),
        ("\n  b: provided", r":4: tables\.b"),
        ("\n  b:\n    columns: [y]", r":5: tables\.b\.columns"),
        ("\n  b:\n    columns: {y: {}}\n    confirmed: [{by: x}]", r":6: tables\.b\.confirmed\.0"),
        ("[b]", r":3: tables"),
    ],
)
def test_a_word_in_the_place_of_a_mapping_is_named_with_file_and_line(tables: str, place: str) -> None:
    text = f"source: s\nkind: k\ntables: {tables}\n"
    with pytest.raises(ConfigurationError, match=rf"shop\.yml{place}: ") as caught:
        added_to(text, draft(b={"columns": {"y": COLUMN}}))
    assert "provided" not in str(caught.value), "it may be a value"
    for nothing in ("a: [", "- a\n- b\n"):
        with pytest.raises(ConfigurationError, match="Nothing can be added to"):
            added_to(nothing, draft())


NAMES = st.text(st.sampled_from("abé_ -:#'\"0y~\n"), min_size=1, max_size=6)
COLUMNS = st.dictionaries(
    NAMES, st.sampled_from([{}, COLUMN, {"origin": "assigned"}, {"title": {"en": "é: #"}}])
)
TABLES = st.dictionaries(
    NAMES, st.fixed_dictionaries({}, optional={"columns": COLUMNS, "key": st.lists(NAMES, max_size=2)})
)


@given(TABLES, TABLES)
def test_nothing_is_lost_and_nothing_is_added_twice(here: dict[str, Any], more: dict[str, Any]) -> None:
    text = "".join(f"{line}\n" for line in lines({"source": "s", "kind": "k", "tables": here}, ()))
    found = added_to(text, draft(**more)).content
    for name, table in here.items():
        for column, words in table.get("columns", {}).items():
            assert words.items() <= found["tables"][name]["columns"][column].items()
    for name, table in more.items():
        assert set(table.get("columns", {})) <= set((found["tables"][name] or {}).get("columns") or {})
