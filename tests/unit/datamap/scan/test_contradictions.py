"""What speaks against the name leaves a column open; what speaks for it makes it surer."""

from __future__ import annotations

import pytest
from tests.unit.datamap.scan.scanned import proposed

from afschrift.datamap.scan.proposal import TableRole
from afschrift.domain.vocabulary import Origin

EMAILS = tuple(f"klant{n}@voorbeeld.nl" for n in range(10))
NUMBERS = tuple(str(1000 + n) for n in range(10))
IBANS = ("NL91ABNA0417164300", "DE89370400440532013000", "GB82WEST12345698765432") * 3
BSNS = ("111222333", "123456782", "999999990")
SENTENCES = tuple(f"Het pakket kwam {n} dagen te laat en was open." for n in range(10))


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("email", "text", NUMBERS),
        ("iban", "text", EMAILS),
        ("bsn", "text", NUMBERS),
        ("telefoonnummer", "text", EMAILS),
        ("geboortedatum", "text", EMAILS),
        ("voornaam", "text", NUMBERS),
        ("woonplaats", "text", EMAILS),
        ("klantnummer", "text", BSNS),
        ("ip_address", "text", NUMBERS),
    ],
)
def test_values_of_another_form(name: str, kind: str, values: tuple[str, ...]) -> None:
    assert proposed(name, kind).origin is not None
    made = proposed(name, kind, *values)
    assert made.origin is None
    assert " samples are " in made.reason


def test_the_form_says_what_it_is_where_the_name_is_wrong() -> None:
    made = proposed("klantnummer", "text", *BSNS)
    assert made.category == "user.government_id.national_identification_number"
    assert "UAVG 46" in made.reason


@pytest.mark.parametrize(
    ("name", "kind", "native"),
    [
        ("email", "date", ""),
        ("email", "boolean", ""),
        ("birth_date", "boolean", ""),
        ("voornaam", "integer", ""),
        ("iban", "text", "character varying(10)"),
        ("email", "text", "char(1)"),
    ],
)
def test_a_type_that_cannot_hold_it(name: str, kind: str, native: str) -> None:
    made = proposed(name, kind, native=native)
    assert made.origin is None
    assert "but the type is" in made.reason


def test_values_that_agree_make_it_surer() -> None:
    alone, few, many = (proposed("email", "text", *EMAILS[:n]) for n in (0, 3, 10))
    assert alone.confidence < few.confidence < many.confidence < 1


def test_some_values_of_another_form_make_it_less_sure() -> None:
    mixed = proposed("email", "text", *EMAILS[:7], *NUMBERS[:3])
    assert mixed.confidence < proposed("email", "text").confidence


@pytest.mark.parametrize("name", ["status", "type", "value", "code", "data", "reason", "xqzt"])
def test_a_name_that_says_too_little_is_open_and_says_what_decides(name: str) -> None:
    made = proposed(name, table="thing", role=TableRole.CHILD)
    assert made.origin is None
    assert made.reason.partition("left open: ")[2]


def test_values_alone_name_the_category() -> None:
    child = proposed("xqzt", "text", *EMAILS, role=TableRole.CHILD)
    assert (child.origin, child.category) == (None, "user.contact.email")
    assert proposed("xqzt", "text", *IBANS).category == "user.financial.bank_account"
    hashed = proposed("xqzt", "text", *(f"$2b$12$KIXQ0uS1lQ8XaZb{n}" for n in range(5)))
    assert hashed.secret


def test_sentences_are_free_text_and_the_same_few_values_are_none() -> None:
    assert proposed("xqzt", "text", *SENTENCES).free_text
    assert proposed("opmerking", "text", *SENTENCES).free_text
    assert not proposed("opmerking", "text", *(["ja", "nee"] * 10)).free_text
    assert not proposed("email", "text", *EMAILS).free_text


def test_comment_decides_an_open_name_and_contradicts_a_clear_one() -> None:
    assert proposed("status", comment="Chosen by the customer").origin is Origin.PROVIDED
    assert proposed("status", comment="Berekend uit de bestellingen").origin is Origin.DERIVED
    assert proposed("email", comment="Ingekocht bij een bureau").origin is None
    plain = proposed("email")
    assert proposed("email", comment="e-mailadres van de klant").confidence > plain.confidence


def test_look_up_table_is_not_personal_unless_it_has_data_of_people() -> None:
    lookup = TableRole.LOOKUP
    assert proposed("name", table="country", role=lookup, others=("iso_code",)).origin is Origin.NOT_PERSONAL
    address = proposed("city", table="address", role=lookup, others=("street", "postcode"))
    assert address.origin is None
    assert "holds" in address.reason
    assert proposed("label", "text", *EMAILS, table="tag", role=lookup).origin is None


def test_names_of_other_people() -> None:
    manager = proposed("manager_name")
    assert (manager.about_others, manager.identifies) == (True, False)
    guardian = proposed("voogd_telefoon", table="leerling")
    assert (guardian.about_others, guardian.origin) == (True, Origin.PROVIDED)
    staff = proposed("email", table="employee", role=TableRole.OTHER_PEOPLE)
    assert (staff.about_others, staff.origin, staff.category) == (True, None, "user.contact.email")
    again = proposed("contact_phone", others=("phone",))
    assert again.origin is None
    assert proposed("contact_name", others=("company",)).origin is Origin.PROVIDED


@pytest.mark.parametrize(
    ("name", "kind", "reason_part"),
    [
        ("religion", "text", "Art. 9"),
        ("diagnose", "text", "Art. 9"),
        ("strafblad", "text", "Art. 10"),
        ("bsn", "text", "UAVG 46"),
        ("geboortedatum_kind", "date", "R16"),
        ("password_hash", "text", "R87"),
    ],
)
def test_law_may_need_more_than_the_origin(name: str, kind: str, reason_part: str) -> None:
    assert reason_part in proposed(name, kind).reason


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("password", "binary"),
        ("wachtwoord", "integer"),
        ("api_key", "uuid"),
        ("apiKey", "text"),
        ("pin", "integer"),
    ],
)
def test_a_secret_is_one_whatever_its_type(name: str, kind: str) -> None:
    assert proposed(name, kind).secret


def test_a_time_or_a_yes_about_a_secret_is_none() -> None:
    assert not proposed("password_changed_at", "datetime").secret
    assert not proposed("has_password", "boolean").secret


@pytest.mark.parametrize(
    ("name", "unit"),
    [("weight_kg", "kg"), ("amount_eur", "EUR"), ("duration_ms", "ms"), ("amount_cents", None)],
)
def test_the_unit_is_the_last_word(name: str, unit: str | None) -> None:
    assert proposed(name, "integer", table="reading", role=TableRole.CHILD).unit == unit
