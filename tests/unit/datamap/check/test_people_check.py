"""Values contradict a map that says that a table is about no one, ignores it, or lacks a way; none is shown."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from tests.support.key_shop import KeyShop, mapped

from afschrift.datamap.check.finding import Code, Finding, MapReport
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.inventory.load import load

IDS = [str(UUID(int=0xA0B1C2 << 100 | n * 7919)) for n in range(1, 41)]
PATIENT = mapped("patient", "subject: {ck: id}", "id", "name: {origin: provided}")
NO_ONES = "  visit: {personal: false, columns: {who: {origin: not_personal}, kind: {origin: not_personal}}}\n"
LETTER = mapped("letter", "subject: {ck: sender}", "no", "sender", "other: {origin: provided}")
IGNORE = "\nunlisted: ignore"
Checked = Callable[..., list[Finding]]


@pytest.fixture
def shop(tmp_path: Path) -> KeyShop:
    shop = KeyShop(tmp_path, "sqlite")
    shop.make("patient", "id TEXT PRIMARY KEY, name TEXT", [(key, "Ann") for key in IDS])
    return shop


@pytest.fixture
def checked(shop: KeyShop) -> Checked:
    def check(tables: str, more: str = "") -> list[Finding]:
        report = check_sources(load(shop.write(PATIENT + tables, ("ck",), more)))
        assert not any(key in repr(report) for key in IDS)
        return keys_held(report)

    return check


def keys_held(report: MapReport) -> list[Finding]:
    return [found for found in report.findings if found.code is Code.HOLDS_KEYS]


@pytest.mark.parametrize(
    ("tables", "more", "says"),
    [
        (NO_ONES, "", "the map says that the table is about no person"),
        ("", IGNORE, "the map ignores the table"),
    ],
)
def test_rows_of_people_that_the_map_passes_over_are_an_error(
    checked: Checked, shop: KeyShop, tables: str, more: str, says: str
) -> None:
    shop.make("visit", "who TEXT, kind INTEGER", [(key, n) for n, key in enumerate(IDS[:30])])
    [found] = checked(tables, more)
    assert (found.place, found.severity.value) == ("shop.visit.who", "error")
    assert "30 of 30 values are in shop.patient.id; 30 of its 40 values" in found.sentence
    assert found.sentence.endswith(says)


def test_limit_of_rows_is_one_of_the_sample_too(shop: KeyShop) -> None:
    shop.make("visit", "who TEXT, kind INTEGER", [(IDS[n % 30], n) for n in range(400)])
    inventory = load(shop.write(PATIENT + NO_ONES, ("ck",)))
    [found] = keys_held(check_sources(inventory, ProbeLimits.up_to(100, 60)))
    assert "10 of 10 values of a sample are in shop.patient.id" in found.sentence


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ([key.upper() for key in IDS], True),
        ([f"{{{key}}}" for key in IDS], True),
        ([f"0{key}" for key in IDS], False),
        ([None] * 40, False),
        (IDS[:1] * 40, False),
        ([*IDS[:20], *(str(UUID(int=n << 90 | 7)) for n in range(1, 21))], False),
    ],
)
def test_spellings_and_values_that_say_little(
    checked: Checked, shop: KeyShop, values: list[str | None], error: bool
) -> None:
    shop.make("visit", "who TEXT, kind INTEGER", [(value, n) for n, value in enumerate(values)])
    assert [found.severity.value for found in checked(NO_ONES)] == ["error"] * error


def test_small_counting_numbers_are_no_finding_alone(tmp_path: Path) -> None:
    shop = KeyShop(tmp_path, "sqlite")
    shop.make("patient", "id INTEGER PRIMARY KEY, name TEXT", [(n, "Ann") for n in range(1, 41)])
    shop.make("visit", "who INTEGER, kind INTEGER", [(n, 1) for n in range(1, 31)])
    assert keys_held(check_sources(load(shop.write(PATIENT + NO_ONES)))) == []
    shop.run("DROP TABLE visit")
    shop.run("CREATE TABLE visit (who INTEGER REFERENCES patient (id), kind INTEGER)")
    [found] = keys_held(check_sources(load(shop.write(PATIENT, more=IGNORE))))
    assert (found.place, found.severity.value) == ("shop.visit.who", "warning"), (
        "a foreign key, without values"
    )
    assert "is a foreign key to patient" in found.sentence
    shop.run("INSERT INTO visit VALUES (?, 1)", *[(n,) for n in range(1, 31)])
    [found] = keys_held(check_sources(load(shop.write(PATIENT, more=IGNORE))))
    assert found.severity.value == "error", "both speak for it"
    assert "30 of 30 values are in shop.patient.id" in found.sentence


def test_second_person_of_a_row_is_a_warning_until_the_map_decides(checked: Checked, shop: KeyShop) -> None:
    shop.make(
        "letter",
        "no INTEGER PRIMARY KEY, sender TEXT, other TEXT",
        list(zip(range(40), IDS, reversed(IDS), strict=True)),
    )
    [found] = checked(LETTER)
    assert (found.place, found.severity.value) == ("shop.letter.other", "warning")
    assert found.of, "it can be settled"
    decided = LETTER.replace("purposes:", "references: {other: patient.id}\n    purposes:")
    assert checked(decided) == []


def test_keys_are_compared_across_sources_or_it_is_said_that_they_were_not(
    shop: KeyShop, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = KeyShop(tmp_path / "other", "sqlite")
    other.make("visit", "who TEXT, kind INTEGER", [(key, 1) for key in IDS[:30]])
    folder = shop.write(PATIENT)
    text = (other.write(NO_ONES) / "shop.yml").read_text().replace("source: shop", "source: clinic")
    (folder / "clinic.yml").write_text(text)
    [found] = keys_held(check_sources(load(folder)))
    assert found.place == "clinic.visit.who"
    (tmp_path / "shop.sqlite").unlink()
    report = check_sources(load(folder), ProbeLimits())
    assert [missed.source for missed in report.not_reached] == ["shop"]
    assert keys_held(report) == []
    assert [found.place for found in report.findings if Code.HOLDS_KEYS in found.undecided] == ["clinic"]


@pytest.mark.parametrize("never_own", ["", ", never_own: Staff have an address of the firm"])
def test_settled_column_with_a_key_of_people_proposes_an_entry(
    checked: Checked, shop: KeyShop, never_own: str
) -> None:
    shop.make("staff", "id INTEGER PRIMARY KEY, code TEXT", [(1, IDS[0]), (2, "not a patient")])
    settled = f"mentions: {{settled: not_given, by: office, on: 2026-11-30, why: theirs{never_own}}}"
    code = f"code: {{origin: not_personal, {settled}}}"
    found = checked(f"  staff: {{personal: false, columns: {{id: {{origin: not_personal}}, {code}}}}}\n")
    if never_own:
        assert found == []
        return
    assert [(row.place, row.severity.value) for row in found] == [("shop.staff.code", "warning")]
    assert "1 of 2 values are in shop.patient.id" in found[0].sentence
    assert "`table: staff` and `subject: {ck: code}`" in found[0].remedy
