"""The information sheet: what is there for this person alone, and nothing that fits everybody."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from tests.support.readability import ease, in_words
from tests.unit.bundle.bundle_example import INVENTORY, LETTERS, Example, Rows
from tests.unit.bundle.bundle_tampering import files_of
from tests.unit.bundle.page.test_bundle_texts import LANGUAGES

from afschrift.bundle.page.words import SheetWords, local_day
from afschrift.bundle.sheet.content import SheetContent
from afschrift.bundle.sheet.document import sheet_document
from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import FactValues, Seen
from afschrift.domain.right import Right
from afschrift.inventory.model import Inventory
from afschrift.law.clock.deadline import Period

FROM_DATA = "purposes.account.recipients.0"
SCHEMA = jsonschema_rs.validator_for(json.loads((LETTERS / "bundle" / "information.schema.json").read_text()))


def example(
    *,
    language: str = "nl",
    rows: dict[str, Rows] | None = None,
    facts: dict[str, Any] | None = None,
    scoring: dict[str, Any] | None = None,
    **purpose: Any,
) -> Example:
    """The example; `purpose` and `scoring` change purposes, `facts` are answers of the source shop."""
    made = Example(Right.ACCESS, language, rows=rows)
    raw = deepcopy(INVENTORY.model_dump(mode="json", by_alias=True, exclude_unset=True))
    raw["sources"]["shop"]["purposes"]["account"] |= purpose
    raw["sources"]["shop"]["purposes"]["scoring"] |= scoring or {}
    content = tuple(FactValues(place, tuple(answer)) for place, answer in (facts or {}).items())
    shop, *others = made.contents.extracts
    return made.but(inventory=Inventory.model_validate(raw), extracts=(replace(shop, facts=content), *others))


def document(made: Example) -> dict[str, Any]:
    content = SheetContent(made.contents, SheetWords.of(LETTERS, made.contents.language))
    found = sheet_document(content)
    SCHEMA.validate(found)
    return found


def kept(made: Example) -> dict[str, str]:
    return next(p["storage"] for p in document(made)["purposes"] if p["id"] == "shop.account")


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_an_access_bundle_holds_the_information_sheet(language: str) -> None:
    files = files_of(Example(Right.ACCESS, language).zip())
    SCHEMA.validate(json.loads(files["data/information.json"]))
    assert f'<html lang="{language}">'.encode() in files["data/information.html"]
    described = {r["path"]: r for r in json.loads(files["data/datapackage.json"])["resources"]}
    assert described["information.html"]["mediatype"] == "text/html"
    assert b"data/information.html" in files["index.html"]
    other = files_of(Example(Right.PORTABILITY, language).zip())
    assert not [path for path in other if "information" in path]
    assert b"information.html" not in other["index.html"] + other["README.txt"]


def test_the_sheet_covers_only_data_of_the_person() -> None:
    found = document(example(rows={"shop.enrichment": [], "app.heart_rate": []}))
    assert [p["id"] for p in found["purposes"]] == ["shop.account", "shop.scoring"]
    assert found["sources"] == []
    assert "app.heart_rate" not in {c["id"] for c in found["categories"]}


def test_a_column_without_a_value_is_no_category_and_serves_no_purpose() -> None:
    empty = Seen(nulls={"credit_score": 1, "email": 0})
    found = document(example(rows={"shop.enrichment": []}).read("customer", seen=empty))
    assert "shop.scoring" not in {p["id"] for p in found["purposes"]}
    assert found["automatedDecisions"] == []
    assert "human" not in {r["right"] for r in found["rights"]}


def with_fields(made: Example, action: Action, reason: str) -> dict[str, Any]:
    """The document where every column of the plan was decided on so."""
    plan = made.contents.plan
    extracts = tuple(
        replace(extract, fields=tuple(replace(f, action=action, reason=reason) for f in extract.fields))
        for extract in plan.extracts
    )
    return document(made.planned(extracts=extracts))


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Action.MASK, "others_masked"),
        (Action.EXCLUDE, "person_decided"),
        (Action.EXISTS_ONLY, "security_secret"),
    ],
)
def test_what_the_rights_of_others_keep_back_is_on_the_sheet_all_the_same(
    action: Action, reason: str
) -> None:
    assert with_fields(example(), action, reason) == document(example())


def test_what_the_persons_own_words_left_out_is_not_on_the_sheet() -> None:
    found = with_fields(example(), Action.EXCLUDE, "own_limitation")
    assert ("processed" in found, found["purposes"], found["recipients"]) == (False, [], [])


def test_the_sheet_says_that_data_are_processed_and_when() -> None:
    found = document(example())
    assert found["processed"] is True
    assert found["stateOn"] == "2026-06-30T22:15:00.000000Z"
    assert "processed" not in document(example(rows={place: [] for place in Example().rows}))


def test_recipients_from_the_data_are_listed_third_countries_first() -> None:
    found = document(
        example(
            language="en",
            recipients={
                "from": "orders.status",
                "country": "NL",
                "does": {"nl": "Bezorgt.", "en": "Delivers."},
            },
            facts={FROM_DATA: [("Blauwe Bode", "NL"), ("Zee Post", "US"), ("duinpost", None)]},
            transfers=[{"country": "US", "safeguard": {"nl": "Modelcontract", "en": "Standard contract"}}],
        )
    )
    countries = [(r["name"], r["country"]) for r in found["recipients"]]
    assert countries == [("Zee Post", "US"), ("Blauwe Bode", "NL"), ("duinpost", "NL")]
    assert found["recipients"][0]["safeguard"] == "Standard contract"
    assert "safeguard" not in found["recipients"][1]


def test_a_recipient_of_two_purposes_is_listed_once() -> None:
    safeguard = {"nl": "Modelcontract van 2021", "en": "Standard contract of 2021"}
    post = {"name": "Pakketpost B.V.", "country": "NL"}
    scoring = {
        "recipients": [post, {"name": "Score Inc.", "country": "US"}],
        "transfers": [{"country": "US", "safeguard": safeguard}],
    }
    first, second = document(example(scoring=scoring))["recipients"]
    assert (first["name"], first["safeguard"]) == ("Score Inc.", "Modelcontract van 2021")
    assert second["purposes"] == ["Uw account en bestellingen", "Bepalen of u achteraf kunt betalen"]


def test_a_recipient_of_some_tables_gets_nothing_of_a_person_without_them() -> None:
    some = {"recipients": {"name": "Wensenwinkel B.V.", "country": "NL", "tables": ["wish"]}}
    assert document(example(**some))["recipients"] == []
    wish = example(rows={"shop.wish": [{"sku": "1"}]}, **some)
    assert [r["name"] for r in document(wish)["recipients"]] == ["Wensenwinkel B.V."]


@pytest.mark.parametrize(
    ("first", "last", "without", "until", "words"),
    [
        ("2026-03-01", "2026-03-01", "0", "2028-03-01", "Nu is dat tot 1 maart 2028."),
        ("2025-01-01", "2026-03-01", "0", "2028-03-01", "Het nieuwste bewaren wij tot 1 maart 2028."),
        ("2025-01-01", "2026-03-01", "2", "2028-03-01", "Dat deel bewaren wij tot 1 maart 2028."),
        # 23:30 in UTC is the next day in Amsterdam
        ("2026-02-28T23:30:00Z", "2026-02-28T23:30:00Z", "0", "2028-03-01", "Nu is dat tot 1 maart 2028."),
        ("2026-02-28T23:30:00", "2026-02-28T23:30:00", "0", "2028-02-28", "Nu is dat tot 28 februari 2028."),
        ("2020-01-01", "2024-01-01", "0", "2026-01-01", "Die tijd is voorbij sinds 1 januari 2026."),
        (None, None, "3", None, "2 jaar na de datum bij ‘Besteld op’ in ‘Bestellingen’."),
        ("infinity", "infinity", "0", None, "2 jaar na de datum bij ‘Besteld op’ in ‘Bestellingen’."),
    ],
)
def test_how_long_is_a_date_where_the_start_is_known(
    first: str | None, last: str | None, without: str, until: str | None, words: str
) -> None:
    storage = kept(example(facts={"purposes.account.retention": [(first, last, without)]}))
    assert storage.get("until") == until
    assert storage["text"].startswith("2 jaar na de datum bij ‘Besteld op’ in ‘Bestellingen’.")
    assert storage["text"].endswith(words)


def test_the_event_in_words_where_nothing_was_read() -> None:
    trigger = {"nl": "nadat u uw account sluit", "en": "after you close your account"}
    assert kept(example(retention={"period": "P1Y6M", "trigger": trigger}))["text"] == (
        "1 jaar en 6 maanden nadat u uw account sluit."
    )


def test_a_criterion_replaces_a_period() -> None:
    criterion = {"nl": "zolang uw account open is", "en": "as long as your account is open"}
    assert kept(example(retention={"criterion": criterion})) == {
        "text": "Daarvoor geldt geen vaste tijd. Wij bewaren dit zolang uw account open is."
    }


def test_the_source_of_what_is_not_from_the_person() -> None:
    found = document(example())
    assert [(s["names"], s["categories"]) for s in found["sources"]] == [
        (["Databron B.V."], ["Gekochte gegevens"])
    ]


def test_an_automated_decision_is_explained() -> None:
    (decision,) = document(example())["automatedDecisions"]
    assert decision == {
        "purpose": "shop.scoring",
        "logic": "De computer telt hoe vaak u op tijd betaalde.",
        "significance": "U kunt wel of niet achteraf betalen.",
        "consequences": "Met een lage score betaalt u vooraf.",
    }


RIGHTS = [
    ("A6-1-a", {"correct", "erase", "restrict", "port", "withdraw"}),
    ("A6-1-b", {"correct", "erase", "restrict", "port"}),
    ("A6-1-c", {"correct", "restrict"}),
    ("A6-1-d", {"correct", "erase", "restrict"}),
    ("A6-1-e", {"correct", "restrict", "object"}),
    ("A6-1-f", {"correct", "erase", "restrict", "object"}),
]


@pytest.mark.parametrize(("basis", "rights"), RIGHTS)
def test_rights_that_apply_by_basis_and_no_others(basis: str, rights: set[str]) -> None:
    """One purpose alone; the columns of another purpose are empty."""
    made = example(basis=basis, rows={"app.heart_rate": [], "shop.enrichment": []})
    alone = made.read("customer", seen=Seen(nulls={"credit_score": 1}))
    assert {r["right"] for r in document(alone)["rights"]} == rights


def test_rights_that_do_not_apply_are_not_offered() -> None:
    found = document(example(public_task=True).planned(consents={"app.coaching": "withdrawn"}))
    assert not {"port", "withdraw"} & {r["right"] for r in found["rights"]}
    coaching = next(p for p in found["purposes"] if p["id"] == "app.coaching")
    assert (coaching["consent"], coaching["reasons"]) == ("withdrawn", [])


def test_advertising_is_stopped_without_reasons() -> None:
    plain, ads = (
        next(
            r["text"]
            for r in document(example(basis="A6-1-f", direct_marketing=ads_too))["rights"]
            if r["right"] == "object"
        )
        for ads_too in (False, True)
    )
    assert "reclame" not in plain
    assert ads.endswith("Gaat het om reclame? Dan stoppen wij altijd. U hoeft niet te zeggen waarom.")


def test_the_authority_has_its_address() -> None:
    assert "Postbus 93374" in document(example())["complaint"]["authority"]
    assert b"Postbus 93374, 2509 AJ Den Haag" in files_of(example().zip())["data/information.html"]


def test_a_sheet_with_a_gap_is_not_packed_and_portability_is() -> None:
    made = example(retention="as long as necessary")
    with pytest.raises(ConfigurationError, match=r"purposes\.account\.retention of source shop"):
        made.zip()
    assert Example(Right.PORTABILITY).but(inventory=made.contents.inventory).zip()


def test_a_third_country_of_the_data_without_a_safeguard_is_not_packed() -> None:
    made = example(recipients={"from": "orders.status"}, facts={FROM_DATA: [("Zee Post", "US")]})
    with pytest.raises(ConfigurationError, match=r"purposes\.account\.transfers of source shop.*US"):
        made.zip()


def test_markup_in_a_name_is_inert() -> None:
    name = "<script>alert(1)</script>"
    made = example(recipients={"from": "orders.status"}, facts={FROM_DATA: [(name,)]})
    page = files_of(made.zip())["data/information.html"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_category_of_the_taxonomy_has_words(language: str) -> None:
    from afschrift.inventory.check import fides_categories

    words = SheetWords.of(LETTERS, language)
    assert all(words.data_kind(category) for category in fides_categories())
    assert words.data_kind("user.contact.address.city") == words.data_kind("user.contact")
    assert words.data_kind("") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_words_are_plain_language(language: str) -> None:
    page = files_of(example(language=language).zip())["data/information.html"].decode()
    assert ease(in_words(page), language) >= 60  # about B1; see tests/support/readability.py


def test_periods_in_words() -> None:
    nl, en = (SheetWords.of(LETTERS, language) for language in ("nl", "en"))
    assert nl.lasts(Period(1, 1, 1, 1)) == "1 jaar en 1 maand en 1 week en 1 dag"
    assert en.lasts(Period(2, 0, 0, 30)) == "2 years and 30 days"


@pytest.mark.parametrize("value", [None, "", "infinity", "0044-03-15 BC", "12:00"])
def test_a_recorded_value_that_is_no_day(value: str | None) -> None:
    assert local_day(value, "Europe/Amsterdam") is None
