"""The information sheet: what is there for this person alone, and nothing that fits everybody."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from tests.support.readability import ease, in_words
from tests.unit.bundle.bundle_example import INVENTORY, LETTERS, Example, Rows, cases, differing
from tests.unit.bundle.bundle_tampering import files_of
from tests.unit.bundle.page.test_bundle_texts import LANGUAGES

from afschrift.bundle.page.page import render_index
from afschrift.bundle.page.words import SheetWords, local_day
from afschrift.bundle.sheet.content import SheetContent
from afschrift.bundle.sheet.document import sheet_document
from afschrift.bundle.sheet.sheet import Processing
from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import FactValues, Seen
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import Origin
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


@pytest.mark.parametrize("case", cases("sheets.yml"), ids=lambda case: case["case"])
def test_what_the_sheet_says(case: dict[str, Any]) -> None:
    alone = {"app.heart_rate": [], "shop.enrichment": []} if "alone" in case else {}
    facts = {f"purposes.account.{place}": rows for place, rows in case.get("facts", {}).items()}
    made = example(
        language=case.get("language", "nl"),
        rows=alone | case.get("rows", {}),
        facts={place: [tuple(row) for row in rows] for place, rows in facts.items()},
        scoring=case.get("scoring"),
        **case.get("purpose", {}),
    )
    if case.get("plain"):
        made.but(denial="plain")
    if alone:
        made.read("customer", seen=Seen(nulls={"credit_score": 1}))
    found = document(made)
    found["kept"] = next((p["storage"] for p in found["purposes"] if p["id"] == "shop.account"), None)
    found["rights"] = sorted(right["right"] for right in found["rights"])
    assert differing(found, case["expected"]) == []


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


@pytest.mark.parametrize(
    ("words", "origins", "page"),
    [
        (("own", "other"), {"provided", "third_party"}, "Staat een ander bij"),
        (("own",), {"provided"}, None),
        (("other",), {"third_party"}, None),
    ],
)
def test_who_wrote_goes_by_row(words: tuple[str, ...], origins: set[str], page: str | None) -> None:
    made = example(facts={"tables.message.origin": [(word, "1") for word in words]})
    raw = made.contents.inventory.model_dump(mode="json", by_alias=True, exclude_unset=True)
    message = raw["sources"]["shop"]["tables"]["message"]
    by_row = {"by": "sender_id", "person_key": "customer_id", "own": "provided", "other": "third_party"}
    message |= {"origin": by_row, "source": {"name": {"nl": "andere klanten", "en": "other customers"}}}
    message["columns"]["recipient_email"].pop("origin")
    (planned,) = (e for e in made.contents.plan.extracts if e.table == "message")
    of_row = (Origin.PROVIDED, Origin.THIRD_PARTY)
    fields = tuple(
        replace(f, origin=None, origins=of_row) if f.name == "recipient_email" else f for f in planned.fields
    )
    made.but(inventory=Inventory.model_validate(raw)).plan_of("message", fields=fields)
    found = document(made)
    mine = {o["origin"] for o in found["origins"] if "Berichten" in o["categories"]} - {"assigned"}
    given = any(g["names"] == ["andere klanten"] for g in found["sources"])
    assert mine | ({"third_party"} if given else set()) >= origins
    assert given == ("third_party" in origins)
    sentences = render_index(made.contents, LETTERS).decode()
    assert ("Staat een ander bij ‘Afzender’?" in sentences) == (page is not None)


def test_of_nothing_that_is_given_the_sheet_says_nothing() -> None:
    found = with_fields(example(), Action.EXCLUDE, "own_limitation")
    assert ("processed" in found, found["purposes"], found["recipients"]) == (False, [], [])

    assert "processed" not in document(example(rows={place: [] for place in Example().rows}))


def test_rights_that_do_not_apply_are_not_offered() -> None:
    found = document(example(public_task=True).planned(consents={"app.coaching": "withdrawn"}))
    assert not {"port", "withdraw"} & {r["right"] for r in found["rights"]}
    coaching = next(p for p in found["purposes"] if p["id"] == "app.coaching")
    assert (coaching["consent"], coaching["reasons"]) == ("withdrawn", [])


def test_who_serves_a_whole_source_gets_the_data_of_each_purpose_there() -> None:
    host = {"name": "Gasthuis Hosting B.V.", "country": "US"}
    safe = {"country": "US", "safeguard": {"nl": "Het modelcontract.", "en": "The standard contract."}}
    made = example(recipients=[])
    raw = made.contents.inventory.model_dump(mode="json", by_alias=True, exclude_unset=True)
    raw["sources"]["shop"] |= {"recipients": host, "transfers": [safe]}
    found = document(made.but(inventory=Inventory.model_validate(raw)))
    used = {p["id"].partition(".")[0]: p["recipients"] for p in found["purposes"]}
    assert (used["shop"], used["app"]) == ([host["name"]], used["app"])
    assert host["name"] not in used["app"]
    (named,) = (r for r in found["recipients"] if r["name"] == host["name"])
    assert (named["outsideEea"], named["safeguard"]) == (True, "Het modelcontract.")
    assert Inventory.model_validate(raw) == Inventory.model_validate(
        made.contents.inventory.model_dump(mode="json", by_alias=True, exclude_unset=True)
    )


@pytest.mark.parametrize(
    ("consent", "count", "before"),
    [("granted", 3, False), ("absent", 3, False), ("withdrawn", 2, True)],
)
def test_a_purpose_of_a_withdrawn_consent_is_no_present_use(consent: str, count: int, before: bool) -> None:
    made = example().planned(consents={"app.coaching": consent})
    sheet = files_of(made.zip())["data/information.html"].decode()
    assert f"{count} verschillende doelen" in sheet
    _, *past = sheet.split("Waarvoor gebruikten wij ze eerder?")
    assert bool(past) == before
    assert ("Waarom mocht dat?" in sheet) == before
    coaching = document(made.planned(withdrawn={"app.coaching": "2026-05-01T22:30:00Z"}))["purposes"][-1]
    assert (coaching["id"], coaching["storage"].get("until")) == ("app.coaching", "2026-11-02")


def test_a_column_whose_purposes_all_concern_others_is_a_gap() -> None:
    made = example(
        only={"column": "customer.email", "values": ["A"]}, facts={"purposes.account.only": [("A",)]}
    )
    assert any("shop.account" in kind["purposes"] for kind in document(made)["categories"])
    others = example(
        only={"column": "customer.email", "values": ["A"]}, facts={"purposes.account.only": [("P",)]}
    )
    found = [case.contents.purposes("shop", "customer", "email") for case in (made, others)]
    assert found == [("account",), ()]
    with pytest.raises(ConfigurationError, match=r"none concerns this person: account have `only`"):
        others.zip()
    prospect = example(  # has no score: only who has an account gets one
        rows={"app.heart_rate": [], "shop.enrichment": []},
        scoring={"only": {"column": "customer.email", "values": ["A"]}},
        facts={"purposes.scoring.only": [("P",)]},
    )
    with pytest.raises(ConfigurationError, match="scoring have `only`"):
        prospect.zip()
    assert prospect.read("customer", seen=Seen(nulls={"credit_score": 1})).zip()


@pytest.mark.parametrize(("found", "named"), [([("held", "1")], True), ([], False), (None, True)])
def test_a_secret_that_the_person_has_not_is_not_named(found: Any, named: bool) -> None:
    made = example(facts={} if found is None else {"tables.customer.columns.password_hash.held": found})
    page = render_index(made.contents, LETTERS).decode()
    assert ("Versleuteld wachtwoord" in page) == named
    (customer,) = (planned for planned, _ in made.contents.held if planned.table == "customer")
    columns = {held.field.name for held in Processing(made.contents).columns}
    assert ("password_hash" in columns) == named
    assert any(field.name == "password_hash" for field in customer.fields)


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


def test_a_sheet_with_a_gap_is_not_packed_and_portability_is() -> None:
    made = example(retention="as long as necessary")
    with pytest.raises(ConfigurationError, match=r"purposes\.account\.retention of source shop"):
        made.zip()
    assert Example(Right.PORTABILITY).but(inventory=made.contents.inventory).zip()

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
