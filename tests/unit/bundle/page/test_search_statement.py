"""The statement on the search: systems, keys with their times, and what was not searched and why (R08)."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.bundle.bundle_example import LETTERS, Example
from tests.unit.bundle.page.test_bundle_page import html

from afschrift.bundle.page.search_statement import MOST, SearchStatement, search_statement, shortened
from afschrift.bundle.page.words import PageWords
from afschrift.domain.keys import Key
from afschrift.domain.plan import Before, FieldPlan, Later, ManualPlan, ManualStatus, Medium
from afschrift.domain.right import Right
from afschrift.inventory.check import contact_hints, controller_faults, search_hints
from afschrift.inventory.processing import DataSource

DAY = "2026-07-03T08:00:00Z"
WATCH = Key("device_id", "watch-01", "2026-03-01T08:00:00Z", "2026-04-15T10:00:00Z")
KEYS = (WATCH, Key("email", "otto@example.org", valid_from="2026-02-01T08:00:00Z"), Key("email", "o@x.nl"))
BACKUP: dict[str, Any] = {
    "medium": "backup",
    "name": {"nl": "Nachtkopie", "en": "Nightly copy"},
    "kept": {"nl": "30 dagen", "en": "30 days"},
    "why": {"nl": "Het is een kopie van de winkel.", "en": "It is a copy of the shop."},
}
NONE = ["paper", "processor", "recording", "chat"]
MAIL: dict[str, Any] = {
    "source": "mail",
    "kind": "manual",
    "title": {"nl": "Mailbox", "en": "Mailbox"},
    "medium": "mailbox",
    "owner": "keeper",
    "instruction": {"nl": "Zoek.", "en": "Search."},
    "holds": ["provided"],
}


def example(right: Right = Right.ACCESS, language: str = "nl", **search: Any) -> Example:
    """The example with a mailbox that people search, read on two days; `search`: of the controller."""
    made = Example(right, language)
    inventory = made.contents.inventory
    fields = {**inventory.controller.model_dump(), "search": search}
    mail = type(inventory).model_fields["manual"].annotation.__args__[1].model_validate(MAIL)  # type: ignore[union-attr]
    inventory = inventory.model_copy(
        update={"manual": {"mail": mail}, "controller": type(inventory.controller).model_validate(fields)}
    )
    snapshots = {"shop": DAY, "app": "2026-07-04T08:00:00Z"}
    seal = replace(made.contents.seal, snapshots=snapshots)
    return made.but(inventory=inventory, seal=seal, keys=KEYS, identifiers=("otto@example.org", "0612345678"))


def searched(made: Example, status: str = "none_held", reason: str = "") -> Example:
    planned = ManualPlan("mail", Medium.MAILBOX, ManualStatus(status), ("R08",), reason, "a", DAY)
    return made.planned(manual=(planned,))


def statement(made: Example) -> SearchStatement:
    return search_statement(made.contents, PageWords.load(LETTERS, made.contents.language))


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("nl", {
            "when": ["Wij zochten van 3 juli 2026 tot en met 4 juli 2026.",
                     "Deze tabellen zeggen wie iemand is: ‘Klantgegevens’. Daar zochten wij u op."],
            "systems": ["App", "Webwinkel", "Mailbox. Een medewerker zocht hier op 3 juli 2026."],
            "keys": ["device_id: watch-01, van 1 maart 2026, 09:00:00 tot 15 april 2026, 12:00:00 (tijd in Amsterdam)",
                     "email: otto@example.org, vanaf 1 februari 2026, 09:00:00 (tijd in Amsterdam)", "email: o@x.nl",
                     "In teksten zochten wij ook naar deze adressen of nummers van u, hier ingekort: 06…78."],
            "elsewhere": ["Nachtkopie: hier zochten wij niet. Het is een kopie van de winkel. Zo lang bewaren wij dit: 30 dagen.",
                          "Papieren met gegevens over mensen hebben wij niet.",
                          "Er is geen ander bedrijf dat voor ons gegevens over mensen bewaart.",
                          "Opnamen van gesprekken met mensen hebben wij niet.",
                          "Chatberichten van medewerkers over mensen hebben wij niet.",
                          "Gedeelde mappen: hier zochten wij niet. Wij legden nog niet vast of er gegevens over mensen in staan."],
            "log": "Wij houden niet bij welke medewerkers uw gegevens bekijken.",
        }),
        ("en", {
            "when": ["We searched from 3 July 2026 to 4 July 2026.",
                     "These tables say who a person is: ‘Customer’. We looked you up there."],
            "systems": ["App", "Web shop", "Mailbox. A member of our staff searched here on 3 July 2026."],
            "keys": ["device_id: watch-01, from 1 March 2026, 09:00:00 until 15 April 2026, 12:00:00 (time in Amsterdam)",
                     "email: otto@example.org, from 1 February 2026, 09:00:00 (time in Amsterdam)", "email: o@x.nl",
                     "In texts we also searched for these addresses or numbers of yours, shortened here: 06…78."],
            "elsewhere": ["Nightly copy: we did not search here. It is a copy of the shop. This is how long we keep it: 30 days.",
                          "We have no papers with data about people.",
                          "No other company keeps data about people for us.",
                          "We have no recordings of conversations with people.",
                          "We have no chat messages of employees about people.",
                          "Shared folders: we did not search here. We have not yet written down whether there are data about people in them."],
            "log": "We keep no list of the employees who look at your data.",
        }),
    ],
)  # fmt: skip
def test_the_page_says_where_by_what_and_when_was_searched(
    right: Right, language: str, says: dict[str, Any]
) -> None:
    made = searched(example(right, language, not_searched=[BACKUP], none=NONE, access_log=False))
    found = statement(made)
    assert {name: sorted(getattr(found, name)) for name in ("when", "systems", "keys", "elsewhere")} == {
        name: sorted(says[name]) for name in ("when", "systems", "keys", "elsewhere")
    }
    assert found.log == says["log"]
    page = html(made)
    for line in (*found.when, *found.keys, *found.elsewhere, found.log):
        assert line in page, line


CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("nothing is stated", {}, [
        "Mailbox: hier zochten wij niet.",
        "Papieren: hier zochten wij niet. Wij legden nog niet vast of er gegevens over mensen in staan.",
        "Reservekopieën: hier zochten wij niet. Wij legden nog niet vast welke wij hebben, en hoe lang.",
    ]),
    ("a keeper who did not search", {"mail": ("not_searched", "unavailable")}, [
        "Mailbox: Wij konden dit systeem niet op tijd bereiken."]),
    ("a system outside the right", {"mail": ("outside", "not_from_the_person")}, [
        "Mailbox: hier zochten wij niet. Gegevens in systemen met alleen gegevens die niet van u komen. "
        "Dat hoort niet bij dit verzoek."]),
    ("a source that is down", {"read": ("app",), "later": (Later("shop", "", "2026-07-20", ""),)}, [
        "Webwinkel: dit systeem konden wij nog niet bereiken."]),
    ("a column that cannot be read", {"later": (Later("shop", "", "2026-07-20", "", "orders.total"),)}, [
        "Bedrag uit ‘Bestellingen’: daarin staat iets dat wij nog niet kunnen lezen"]),
    ("a source that failed", {"read": ("app",)}, ["Webwinkel: hier zochten wij niet."]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "made_of", "says"), CASES, ids=[case for case, *_ in CASES])
def test_what_was_not_searched_is_named_with_why(case: str, made_of: dict[str, Any], says: list[str]) -> None:
    made = example()
    if "mail" in made_of:
        searched(made, *made_of["mail"])
    made.planned(later=made_of.get("later", ()))
    kept = made_of.get("read", ("shop", "app"))
    made.but(extracts=tuple(e for e in made.contents.extracts if e.source in kept))
    found = statement(made).elsewhere
    assert [line for line in says if line not in found] == [], found


def test_what_an_earlier_part_searched_is_named_and_what_it_did_not() -> None:
    made = example()
    extracts = tuple(e for e in made.contents.extracts if e.source == "app")
    before = [
        Before("shop", "orders", "rows", 3, DAY, "b"),
        Before("mail", "", "not_searched", None, DAY, "b"),
    ]
    found = statement(made.but(extracts=extracts).planned(before=tuple(before)))
    assert "Webwinkel. Hier zochten wij voor een eerder deel van ons antwoord." in found.systems
    assert "Mailbox: hier zochten wij niet." in found.elsewhere
    assert not [line for line in found.systems if line.startswith("Mailbox")]


def test_many_keys_are_bounded_and_hostile_ones_are_text() -> None:
    keys = tuple(Key("device_id", f"d-{n:03}") for n in range(200))
    found = statement(example().but(keys=(*keys, Key("email", "<b>\u202e\x00@x.nl"))))
    assert f"En nog {200 - MOST} andere." in found.keys
    assert len(found.keys) == MOST + 3
    page = html(example().but(keys=(Key("email", "<b>\u202e\x00@x.nl"),)))
    assert "<b>" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    ("reason", "shows"),
    [("payment_masked", "device_id: wa…01"), ("identifies", "device_id: watch-01")],
)
def test_a_key_that_the_files_do_not_show_is_shortened(reason: str, shows: str) -> None:
    made = example()
    inventory = made.contents.inventory
    shop = inventory.sources["shop"]
    link = type(next(iter(shop.tables["customer"].subject.values())))(column="token")
    customer = shop.tables["customer"].model_copy(update={"subject": {"device_id": link}})
    shop = shop.model_copy(update={"tables": {**shop.tables, "customer": customer}})
    made.but(inventory=inventory.model_copy(update={"sources": {**inventory.sources, "shop": shop}}))
    [planned] = [e for e in made.contents.plan.extracts if e.table == "customer"]
    token = replace(planned.fields[0], name="token", reason=reason)
    token = FieldPlan(**{**vars(token), "action": "mask" if reason == "payment_masked" else "include"})
    made.plan_of("customer", fields=(*planned.fields, token))
    assert statement(made).keys[0].startswith(shows)


def test_a_shortened_value_is_known_by_its_owner_alone() -> None:
    values = ["otto@example.org", "NL91ABNA0417164300", "12345", ""]
    assert [shortened(value) for value in values] == ["ot…@example.org", "NL…00", "…", "…"]


@pytest.mark.parametrize(
    ("log", "says"),
    [
        (None, "Vraag het ons via privacy@voorbeeldwinkel.example of 010 123 45 67."),
        ("shop.orders", "Welke medewerkers gegevens bekijken, houden wij bij in ‘Bestellingen’."),
        ({"nl": "Het is te groot.", "en": "It is too large."}, "Daarin zochten wij niet. Het is te groot."),
    ],
)
def test_the_log_of_who_looked_is_named_or_said_not_to_be_stated(log: Any, says: str) -> None:
    assert statement(example(access_log=log)).log.endswith(says)


def test_mistakes_in_what_is_not_searched_name_the_place_and_the_way_out() -> None:
    copy = {**BACKUP, "kept": None}
    made = example(none=["mailbox", "paper"], access_log="shop.no_table", not_searched=[copy])
    inventory = made.contents.inventory
    faults = {".".join(where): words for where, words in controller_faults(inventory)}
    assert faults == {
        "search.not_searched.0": "say how long this back-up is kept, as `kept: {nl: 30 dagen, en: 30 days}`",
        "search.none.0": "there is a mailbox, as another entry says: take it out",
        "search.access_log": "no source has this table: write source.table, or false",
    }
    assert not list(controller_faults(example(none=["paper"], access_log="shop.orders").contents.inventory))


def test_the_check_warns_of_what_every_answer_says_is_not_stated() -> None:
    [hint] = search_hints(example().contents.inventory)
    assert "controller.yml: `search`" in hint
    assert "paper, processor, backup, recording, chat, files, access_log" in hint
    whole = example(not_searched=[BACKUP], none=[*NONE, "files"], access_log=False)
    assert list(search_hints(whole.contents.inventory)) == []


def test_the_check_asks_how_to_reach_who_sold_data_and_the_source_knows_it_by_name() -> None:
    inventory = example().contents.inventory
    assert list(contact_hints(inventory)) == [], "the map's own words name one"
    table = inventory.sources["shop"].tables["enrichment"]
    named = {"from": "income_class", "contact": {"Bron": "post@bron.example"}}
    for contact, hints in ({"contact": None}, 1), ({}, 0):
        source = DataSource.model_validate(named | contact)
        object.__setattr__(table, "source", source)
        assert len(list(contact_hints(inventory))) == hints
    assert source.contacts(["Ander", "Bron"]) == ("post@bron.example",)


def test_a_table_with_data_of_others_and_empty_fields_are_explained_on_the_page() -> None:
    page = html(Example(language="en"))
    assert page.count("In the files of this table") + page.count("in the files of this table") == 1
    assert "Is a field empty? Then nothing was filled in there." in page
    evasive = html(Example(language="en").but(denial="evasive"))
    assert "Then nothing was filled in there." not in evasive
    assert "Is a field empty? Then there is nothing there that you can get with this request." in evasive
