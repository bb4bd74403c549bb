"""A portability bundle has the files that the map asks for, says what is in them, and hides what is masked."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gpxpy
import pytest
from testbed.running import installation, members, run_reviewed, store
from testbed.small import SHOP, execute, write_database, write_inventory
from tests.unit.inventory.test_export import EXPORT, HEART, PLACES

from afschrift.app import extras
from afschrift.operations.check_installation import check_installation

ROWS = """
CREATE TABLE place (customer_id INTEGER, at TIMESTAMP, lat DOUBLE, lon DOUBLE, bpm INTEGER, card VARCHAR);
INSERT INTO place VALUES (1, '2024-01-01 10:00:00', 52.5, 4.25, 70, 'x'), (1, '2024-07-01 10:00:00', 91, 4, 71, 'x'),
  (1, '2024-07-02 10:00:00', 52.25, -4.5, NULL, 'x'), (2, '2024-01-01 10:00:00', 1, 1, 1, 'x');
"""
TEXT = SHOP.replace(
    "  customer:\n", "  customer:\n    export: {as: vcard, family: name, email: email}\n"
).replace("name: {origin: provided}", "name: {origin: provided, category: user.name}")
Answer = Callable[..., dict[str, bytes]]


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answer:
    database = write_database(tmp_path / "shop.sqlite")
    execute(database, ROWS)
    monkeypatch.setenv("MINI_SHOP", str(database))

    def made(right: str = "portability", text: str = TEXT + PLACES, **more: Any) -> dict[str, bytes]:
        folder = tmp_path / "inventory"
        services = installation(tmp_path / "home", write_inventory(folder, text))
        request = store(services, {"customer_id": "1"}, right, **more)
        return members(run_reviewed(services, request))

    return made


def exchanges(files: dict[str, bytes]) -> dict[str, Any]:
    package = json.loads(files["data/datapackage.json"])
    return {r["path"]: r["afschrift:exchange"] for r in package["resources"] if "afschrift:exchange" in r}


@pytest.mark.parametrize(("language", "left", "load"), [
    ("en", "1 row is not in this file", "Ends in .gpx: your places."),
    ("nl", "1 rij staat niet in dit bestand", "Eindigt op .gpx: uw plekken."),
])  # fmt: skip
def test_a_bundle_has_what_the_next_party_loads(
    answer: Answer, language: str, left: str, load: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if language == "nl":  # as if another version of the readers had read them: `validate` reads each again
        monkeypatch.setattr("afschrift.steps.validate.compared_while_written", lambda *_: frozenset())
    files = answer(text=TEXT + PLACES.replace(EXPORT, f"[{EXPORT}, {HEART}]"), language=language)
    found = exchanges(files)
    assert (found["shop/place.gpx"]["rows"], found["shop/place.gpx"]["left"]) == (2, {"latitude": 1})
    assert (found["shop/place.fhir.ndjson"]["rows"], found["shop/place.fhir.ndjson"]["left"]) == (
        2,
        {"missing": 1},
    )
    points = gpxpy.parse(files["data/shop/place.gpx"].decode()).tracks[0].segments[0].points
    assert [(p.latitude, p.longitude, p.time.isoformat()) for p in points if p.time] == [
        (52.5, 4.25, "2024-01-01T09:00:00+00:00"),
        (52.25, -4.5, "2024-07-02T08:00:00+00:00"),
    ]
    assert b"FN:Ann\r\n" in files["data/shop/customer.vcf"]
    assert files["data/shop/place.csv"].count(b"\r\n") == 4  # whole: a header and three rows
    page, readme = files["index.html"].decode(), " ".join(files["README.txt"].decode().split())
    assert left in page
    assert load in readme
    assert ".ics" not in readme


def test_access_and_a_map_without_export_have_none(answer: Answer) -> None:
    assert exchanges(answer("access")) == {}


@pytest.mark.parametrize("mask", ["about: third_party, third_party: mask", "protect: payment"])
def test_a_masked_value_counts_as_missing(answer: Answer, mask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check refuses such a map; an officer may mask a column all the same."""
    monkeypatch.setattr("afschrift.inventory.check_columns._never_shown", lambda _column: "")
    files = answer(
        text=TEXT.replace("email: {origin: provided,", f"email: {{{mask}, origin: provided,") + PLACES
    )
    assert exchanges(files)["shop/customer.vcf"]["columns"] == {"family": "name"}
    assert b"EMAIL" not in files["data/shop/customer.vcf"]
    required = TEXT.replace("name: {origin: provided,", f"name: {{{mask}, origin: provided,")
    files = answer(text=required + PLACES, language="en")
    assert "data/shop/customer.vcf" not in files
    assert "There is no VCARD file, because something is missing in each row" in files["index.html"].decode()


@pytest.mark.parametrize(("words", "says"), [
    ("", "We do it if it is technically possible."),
    ("direct_transfer: {possible: true}", "We can also send these data straight to another company"),
    (
        "direct_transfer: {possible: false, why: {nl: Geen lijn., en: There is no line.}}",
        "We cannot send these data straight to another company or organisation. There is no line.",
    ),
])  # fmt: skip
def test_the_page_says_whether_files_can_go_to_another_party(
    answer: Answer, words: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = write_inventory

    def with_words(folder: Path, text: str) -> Path:
        write(folder, text)
        file = folder / "controller.yml"
        file.write_text(f"{file.read_text('utf-8')}\n{words}\n", "utf-8")
        return folder

    monkeypatch.setattr(f"{__name__}.write_inventory", with_words)
    page = re.sub(r"\s+", " ", answer(language="en")["index.html"].decode())
    assert says in page


def test_a_missing_extra_is_named_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory", TEXT)))
    found = [result.says for result in check_installation()]
    assert "The libraries of its sources and places are installed." in found
    monkeypatch.setitem(extras.EXTRAS, "portability", ("no_such_module",))
    [says] = [result.says for result in check_installation() if "library" in result.says]
    assert "`export` as vcard of shop.customer needs a library" in says
    assert "pip install 'afschrift[portability]'" in says


MAIL = """
source: mail
kind: sqlite
options: {path: "${MINI_MAIL}"}
purposes:
  news: {basis: A6-1-b, title: {nl: Nieuws, en: News}, retention: {period: P1Y}, recipients: [], automated_decision: false}
tables:
  news:
    subject: {email: {column: email, match: casefold}}
    key: [id]
    purposes: [news]
    columns: {id: {origin: assigned}, email: {origin: provided, category: user.contact.email}}
"""


def test_keys_that_join_are_declared_across_sources_and_others_say_so(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_MAIL", str(tmp_path / "mail.sqlite"))
    rows = "INSERT INTO news VALUES (1, 'ann@example.org')"
    execute(tmp_path / "mail.sqlite", f"CREATE TABLE news (id INTEGER, email VARCHAR); {rows}")
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "mail.yml").write_text(MAIL, "utf-8")
    files = answer(language="en")
    package = json.loads(files["data/datapackage.json"])
    schemas = {
        r["path"]: r["schema"] for r in package["resources"] if r.get("schema") and r["format"] == "csv"
    }
    assert schemas["mail/news.csv"]["afschrift:relations"] == [
        {
            "fields": ["email"],
            "reference": {"resource": "shop.customer.csv", "fields": ["email"]},
            "reason": "not_a_key",
        }
    ]
    reasons = {
        (path, field["name"]): field["afschrift:reason"]
        for path, schema in schemas.items()
        for field in schema["fields"]
    }
    assert reasons["shop/orders.csv", "order_id"] == reasons["mail/news.csv", "id"] == "row_key"
    assert reasons["shop/orders.csv", "customer_id"] == "join_key"
    assert reasons["shop/customer.csv", "customer_id"] == "join_key"
    assert "It is not linked to any other file here." in files["index.html"].decode()
