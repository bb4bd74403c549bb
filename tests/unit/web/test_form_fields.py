"""Fields of pages, from JSON Schema: every form that is asked can be shown, filled in and read back."""

from typing import Any

import pytest
from fastapi import Request
from tests.support.ground_forms import GROUNDS, complete, in_trail

from afschrift.casework.answer_form import ground_form
from afschrift.casework.identity.question import IDENTITY_FORM
from afschrift.domain.right import Right
from afschrift.law.grounds import Outcome
from afschrift.questions.form_fields import FormField, fields_of, read_fields
from afschrift.questions.forms import form
from afschrift.web.multipart import Sent
from afschrift.web.page import message


def typed(field: FormField, value: Any) -> list[tuple[str, str]]:
    """A value as an officer types it."""
    if field.shown == "amounts":
        return [(f"{field.sent}.{code}", f" {amount.replace('.', ',')} ") for code, amount in value.items()]
    if field.shown == "pairs":
        return [(field.sent, "\n".join(f"{name} : {code}" for name, code in value.items()))]
    if field.shown == "lines":
        return [(field.sent, "\n\n".join(f"  {line}" for line in value))]
    if isinstance(value, list):
        return [(field.sent, part) for part in value]
    return [(field.sent, str(value).lower() if isinstance(value, bool) else str(value))]


OFFERED = [
    (outcome, code)
    for outcome in Outcome
    for code in dict.fromkeys(c for right in Right for c in GROUNDS.offered(outcome, right))
]


@pytest.mark.parametrize(("outcome", "code"), OFFERED)
def test_what_is_typed_for_a_ground_is_what_its_form_takes(outcome: Outcome, code: str) -> None:
    given = complete(code, outcome)
    shown = {field.name: field for field in ground_form(GROUNDS, code, outcome).fields}
    sent = Sent([pair for name, value in given.items() for pair in typed(shown[name], value)])
    codes, words = read_fields(shown.values(), sent.typed)
    assert codes == in_trail(given)
    assert words == GROUNDS.texts(given)
    needed = {name for name, field in shown.items() if field.need == "needed"}
    assert needed <= set(given)
    assert all(shown[name].need for name in given)


def test_a_field_of_another_outcome_is_not_asked_for() -> None:
    refuse = [field.name for field in ground_form(GROUNDS, "outside_portability", Outcome.REFUSE).fields]
    part = [field.name for field in ground_form(GROUNDS, "outside_portability", Outcome.REFUSE_PART).fields]
    assert set(part) - set(refuse) == {"places", "given"}


def test_when_a_field_is_needed_is_written_beside_it() -> None:
    needs = {fact.name: fact.need for fact in fields_of(IDENTITY_FORM, ("confirmed", "not_confirmed"))}
    assert needs == {
        "method": "needed for “Confirmed”",
        "level": "needed for “Confirmed”",
        "checked_on": "",
        "doubt": "needed for “Not confirmed”",
    }
    shown = {field.name: field for field in ground_form(GROUNDS, "restriction", Outcome.RESTRICT).fields}
    title = GROUNDS.fields["existence"].title["en"]
    assert shown["refused"].need == f"needed where “{title}” is “Open”"
    assert shown["matter_risks"].need == "needed where the provision permits it"
    assert "the Dutch law on the GDPR: national security" in dict(shown["provision"].codes)["UAVG-41-1-a"]
    excessive = {
        field.name: field for field in ground_form(GROUNDS, "manifestly_excessive", Outcome.REFUSE).fields
    }
    assert excessive["advantage"].need == "needed where this is the person's first request in a year"


def test_values_keep_their_types() -> None:
    schema = form(
        ("yes",),
        {
            "sure": {"title": "Sure", "type": "boolean"},
            "count": {"title": "Count", "type": "integer"},
            "level": {"title": "Level", "enum": [1, 2]},
            "on": {"title": "On", "type": "string", "format": "date"},
        },
        {"yes": ("sure",)},
    )
    fields = list(fields_of(schema, ("yes",)))
    assert [field.shown for field in fields] == ["radios", "number", "radios", "date"]
    assert fields[0].need == "needed"
    sent = Sent([("f.sure", "false"), ("f.count", "-3"), ("f.level", "2"), ("f.on", "2026-11-25")])
    assert read_fields(fields, sent.typed)[0] == {"sure": False, "count": -3, "level": 2, "on": "2026-11-25"}
    wrong = Sent([("f.sure", "x"), ("f.count", "many"), ("f.level", "9"), ("f.on", "  ")])
    assert read_fields(fields, wrong.typed)[0] == {"sure": "x", "count": "many", "level": "9"}


def test_a_number_that_is_far_too_long_stays_a_text() -> None:
    [field] = fields_of({"properties": {"pages": {"type": "integer"}}}, ())
    for text, value in (("-12", -12), ("9" * 18, 10**18 - 1), ("9" * 5_000, "9" * 5_000), ("--1", "--1")):
        assert read_fields([field], Sent([("f.pages", text)]).typed)[0] == {"pages": value}


def test_an_error_page_needs_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSCHRIFT_BATCH_MEGABYTES", "many")
    request = Request({"type": "http", "root_path": "/afschrift", "path": "/afschrift/", "headers": []})

    page = message(request, 500, "Not possible now", "Its log says why.")

    assert (page.status_code, b"Its log says why." in page.body) == (500, True)


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (
            "name: e-mail address; 45 of 50 samples are e-mail addresses; the comment says so too",
            "naam: e-mailadres; 45 van 50 monsters zijn e-mailadressen; de toelichting zegt dat ook",
        ),
        (
            "comment: who did it; left open: it is one of the list film: who chose it decides",
            "toelichting: wie het deed; opengelaten: het is een van de lijst film: wie het koos beslist",
        ),
        (
            "name: name; left open: who said it; it is special data (Art. 9)",
            "naam: naam; opengelaten: wie het zei; het zijn bijzondere gegevens (artikel 9)",
        ),
        (
            "the names are alike; 60 of 60 values are in patient.no; 22 of its 40 values, each in 1 to 46 rows",
            "de namen lijken op elkaar; 60 van 60 waarden staan in patient.no; "
            "22 van de 40 waarden daarvan, elk in 1 tot 46 rijen",
        ),
    ],
)
def test_evidence_that_a_scan_wrote_is_shown_in_dutch(kept: str, shown: str) -> None:
    from afschrift.app.catalogs import load_language
    from afschrift.domain.language import serve_in
    from afschrift.web.map_review.map_view import _shown, evidence

    assert evidence(kept) == kept
    serve_in(load_language("nl"))
    try:
        assert evidence(kept) == shown
        assert _shown("possible", f"visit.no: {kept}") == f"visit.no: {shown}"
    finally:
        serve_in(load_language("en"))


def test_titles_and_ways_of_questions_about_the_map_are_shown_in_dutch() -> None:
    from afschrift.app.catalogs import load_language
    from afschrift.datamap.review.decisions import Kind
    from afschrift.datamap.review.groups import Group, Place
    from afschrift.domain.language import say, serve_in
    from afschrift.web.map_review.map_view import _shown, title_of

    tables = (Place("shop", "login"), Place("shop", "orders"))
    columns = (Place("shop", "login", "name"), Place("shop", "orders", "time"))
    serve_in(load_language("nl"))
    try:
        assert [
            title_of(Group("Rows of people by subject no: customer", {}, tables)),
            title_of(Group("Tables about no one", {}, tables)),
            title_of(Group("Payments", {}, columns, kind=Kind.MONEY)),
            title_of(Group("name, time", {}, columns, kind=Kind.NAME)),
            title_of(Group("user.behavior, observed", {}, columns, kind=Kind.MEANING)),
            [_shown("free_text", value) for value in (None, True)],
            _shown("ways", "subject no: id; or join no: customer.id"),
            _shown("ways", "asked"),
            say("it is missing: Where the files are; it takes a date as 2026-03-05"),
            _shown("purposes", "sale (A6-1-b) by the defaults of the source"),
        ] == [
            "Rijen van personen via subject no: customer",
            "Tabellen die over niemand gaan",
            "Betalingen",
            "name, time",
            "user.behavior, waargenomen",
            ["niets", "ja"],
            "subject no: id; of join no: customer.id",
            "niet bekend",
            "ontbreekt: Waar de bestanden staan; vul in: een dag als 2026-03-05",
            "sale (A6-1-b) volgens de standaard van de bron",
        ]
    finally:
        serve_in(load_language("en"))
