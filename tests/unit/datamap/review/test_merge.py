"""A draft is added to a file of the inventory: only what is new, and nothing to what a person confirmed."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.datamap.review.merge import merge, not_added
from afschrift.datamap.review.yaml_lines import lines
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.joins import tie_columns
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


def test_an_empty_file_gets_the_whole_draft() -> None:
    text, added = merge("", draft(customer={"subject": {"nr": "id"}, "columns": {"id": COLUMN}}))
    assert added == ["source", "kind", "tables.customer"]
    assert SourceFile.model_validate(read_yaml(text)).tables["customer"].columns["id"].proposal is not None
    assert "      id: {origin: observed, category: user.behavior, review: needed}\n" in text


def test_only_what_is_new_is_added_and_the_rest_stays_byte_for_byte() -> None:
    text, added = merge(
        FILE,
        draft(
            customer={
                "join": {"id": "account.customer"},
                "columns": dict.fromkeys(("id", "email", "name", "phone", "memo", "fax"), COLUMN),
            },
            orders={"key": ["id"], "columns": {"placed": COLUMN}},
            visit={"join": {"customer": "customer.id"}, "columns": {"customer": COLUMN}},
        ),
    )
    assert added == [
        *(f"tables.customer.columns.email.{word}" for word in COLUMN),
        "tables.customer.columns.phone.origin",
        "tables.customer.columns.phone.category",
        "tables.customer.columns.fax",
        "tables.orders.columns.placed",
        "tables.visit",
    ]
    gone = [line for line in difflib.ndiff(FILE.splitlines(), text.splitlines()) if line.startswith("- ")]
    assert [line.strip() for line in gone] == [  # lines with braces that get more in them
        "-       email: {}  # not yet",
        "-       phone: {title: {en: Phone}, review: needed}   # look",
        "-   orders: {join: {customer: customer.id}, columns: {id: {origin: assigned}, "
        "customer: &number {origin: assigned}}}",
    ]
    assert (
        "phone: {title: {en: Phone}, review: needed, origin: observed, category: user.behavior}   # look"
        in text
    )
    assert (
        text.index("fax:") < text.index("# what they bought") < text.index("visit:") < text.index("# the end")
    )
    columns = SourceFile.model_validate(read_yaml(text)).tables["customer"].columns
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
def test_what_ties_rows_is_told_where_a_column_is_classified_and_added_where_none_is(promo: Any) -> None:
    more = draft(
        orders={"key": ["number"], "references": {"promo_code": "promo.code"}, "columns": {}},
        log={"key": ["id"], "columns": {}},
        promo=promo,
    )
    text, added = merge(CONFIRMED, more)
    assert added == ["tables.log.key", "tables.promo"]
    before, after = (SourceFile.model_validate(read_yaml(one)) for one in (CONFIRMED, text))
    assert after.tables["orders"] == before.tables["orders"]
    assert tie_columns(after, "orders") == tie_columns(before, "orders") == set()
    assert [line.partition(" is ")[0] for line in not_added(CONFIRMED, more)] == [
        "tables.orders.key (number)",
        "tables.orders.references (promo_code: promo.code)",
    ]


@pytest.mark.parametrize(("column", "guessed"), [("origin: provided", "guessed"), ("", None)])
def test_a_first_way_of_classified_columns_is_a_guess(column: str, guessed: str | None) -> None:
    text = f"source: s\nkind: k\ntables:\n  t:\n    columns: {{a: {{{column}}}}}\n"
    merged = read_yaml(merge(text, draft(t={"subject": {"nr": "a"}, "columns": {}}))[0])
    assert SourceFile.model_validate(merged).tables["t"].ways == guessed


def test_nothing_is_added_twice() -> None:
    more = draft(customer={"columns": {"email": COLUMN}}, visit={"columns": {"id": COLUMN}})
    text, _ = merge(FILE, more)
    assert merge(text, more) == (text, [])


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("", "origin: assigned"),
        ("", "protect: secret"),
        ("", "review: case"),
        ("", "review: case, origin: provided"),
        ("review: needed", "decided: {by: Bea, on: 2026-01-01, why: w}"),
        ("origin: {by: kind, a: provided, else: block}", "title: {en: A}"),
        ("copy_of: other", ""),
    ],
)
def test_what_somebody_said_gets_nothing(table: str, column: str) -> None:
    text = f"source: s\nkind: k\ntables:\n  t:\n    columns: {{a: {{{column}}}}}\n    key: [a]\n    {table}\n"
    assert merge(text, draft(t={"columns": {"a": COLUMN}})) == (text, [])


@pytest.mark.parametrize(
    "confirmed", ["[a]", "{in: map, columns: [a]}", "[{by: B, columns: [b]}, {columns: [a]}]"]
)
@pytest.mark.parametrize("columns", ["", "columns: {a: {category: user.name}}"])
def test_a_column_that_a_list_confirms_gets_nothing(confirmed: str, columns: str) -> None:
    text = f"source: s\nkind: k\ntables:\n  t:\n    key: [a]\n    confirmed: {confirmed}\n    {columns}\n"
    assert merge(text, draft(t={"columns": {"a": COLUMN}})) == (text, [])
    assert merge(text, draft(t={"columns": {"a": COLUMN, "c": COLUMN}}))[1] in (
        ["tables.t.columns"],
        ["tables.t.columns.c"],
    )


def test_a_new_column_waits_where_the_draft_says_so_of_its_table() -> None:
    text, _ = merge(FILE, draft(orders={"review": "needed", "columns": {"placed": {"origin": "observed"}}}))
    assert SourceFile.model_validate(read_yaml(text)).tables["orders"].columns["placed"].proposal is not None
    assert SourceFile.model_validate(read_yaml(text)).tables["orders"].columns["id"].proposal is None


def test_a_table_with_another_name_in_the_file_is_not_added_again() -> None:
    text = "source: s\nkind: k\ntables:\n  buyer: {table: customer, subject: {nr: id}, columns: {id: {}}}\n"
    more = draft(
        customer={"subject": {"nr": "id"}, "columns": {"id": COLUMN, "name": COLUMN}},
        orders={"join": {"customer": "customer.id"}, "columns": {"customer": COLUMN}},
        giver={"table": "customer", "subject": {"nr": "giver"}, "columns": {"giver": COLUMN}},
    )
    tables = read_yaml(merge(text, more)[0])["tables"]
    assert list(tables) == ["buyer", "orders", "giver"]
    assert list(tables["buyer"]["columns"]) == ["id", "name"]
    assert tables["orders"]["join"] == {"customer": "buyer.id"}


@pytest.mark.parametrize("value", ["", " {}", "  {  }", " # none yet", " {} # none yet"])
def test_an_empty_mapping_is_filled(value: str) -> None:
    text, added = merge(f"source: s\nkind: k\ntables:{value}\n", draft(t={"columns": {"a": COLUMN}}))
    assert added == ["tables.t"]
    assert read_yaml(text)["tables"]["t"]["columns"]["a"] == COLUMN
    assert ("# none yet" in text) == ("#" in value)


def test_what_is_used_in_several_places_is_not_changed_in_one() -> None:
    text = "source: s\nkind: k\ntables:\n  a: {columns: &same {x: {}}}\n  b: {columns: *same}\n"
    with pytest.raises(ConfigurationError, match=r"line 5, tables\.b\.columns") as told:
        merge(text, draft(b={"columns": {"y": COLUMN}}))
    assert "write it out" in str(told.value)


@pytest.mark.parametrize("text", ["a: [", "- a\n- b\n"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be added to"):
        merge(text, draft())


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
    with pytest.raises(ConfigurationError, match=rf"shop\.yml{place}: ") as told:
        merge(text, draft(b={"columns": {"y": COLUMN}}), "shop.yml")
    assert "provided" not in str(told.value), "what stands there may be a value"


NAMES = st.text(st.sampled_from("abé_ -:#'\"0y~\n"), min_size=1, max_size=6)
COLUMNS = st.dictionaries(
    NAMES, st.sampled_from([{}, COLUMN, {"origin": "assigned"}, {"title": {"en": "é: #"}}])
)
TABLES = st.dictionaries(
    NAMES, st.fixed_dictionaries({}, optional={"columns": COLUMNS, "key": st.lists(NAMES, max_size=2)})
)


@given(TABLES, TABLES, st.booleans(), st.booleans())
def test_nothing_is_lost_and_nothing_is_added_twice(
    here: dict[str, Any], more: dict[str, Any], windows: bool, end: bool
) -> None:
    written = [*lines({"source": "s", "kind": "k", "tables": here}, ())]
    text = "# head\n" + "".join(f"{line}\n# {number}\n" for number, line in enumerate(written))
    text = text if end else text.removesuffix("\n")
    text = text.replace("\n", "\r\n") if windows else text
    merged, _ = merge(text, draft(**more))
    found = read_yaml(merged.replace("\r\n", "\n"))
    assert all(f"# {number}" in merged.splitlines() for number in range(len(written)))
    for name, table in here.items():
        for column, words in table.get("columns", {}).items():
            assert words.items() <= found["tables"][name]["columns"][column].items()
    for name, table in more.items():
        assert set(table.get("columns", {})) <= set((found["tables"][name] or {}).get("columns") or {})
    assert merge(merged, draft(**more)) == (merged, [])
