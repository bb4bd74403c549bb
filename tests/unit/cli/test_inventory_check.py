"""`inventory check` as a job of CI runs it."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import jsonschema_rs
import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog
from testbed.mini import write_inventory
from tests.support.command_line import CommandResult, in_this_process

SHOP = """\
source: shop
kind: sqlite
options: {path: "${SHOP_FILE}"}
purposes:
  account: {basis: A6-1-b, title: {nl: Account, en: Account}}
tables:
  customer:
    subject: {customer_id: customer_id}
    key: [customer_id]
    purposes: [account]
    columns:
      customer_id: {origin: assigned}
      hint: {origin: not_personal}
"""

HINT = SHOP.splitlines().index("      hint: {origin: not_personal}") + 1
CUSTOMER = SHOP.splitlines().index("  customer:") + 1
Check = Callable[..., CommandResult]


def fill(file: Path, *rows: tuple[int, str], more: str = "") -> None:
    with closing(sqlite3.connect(file)) as con:
        con.execute(f"CREATE TABLE customer (customer_id INTEGER, hint TEXT{more})")
        con.executemany("INSERT INTO customer (customer_id, hint) VALUES (?, ?)", rows)
        con.commit()


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory", SHOP)))
    monkeypatch.setenv("SHOP_FILE", str(tmp_path / "shop.db"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: in_this_process(("inventory", "check", *words), "")


def test_a_sound_inventory_ends_with_0(check: Check, tmp_path: Path) -> None:
    fill(tmp_path / "shop.db", (1, "blue"), (2, "red"))
    checked = check("--live")
    assert checked.code == 0, checked
    assert "shop.customer: 0 of no person, 2 of one, 0 of several; of 2 rows" in checked.text
    assert "The sources have exactly these tables and columns." in checked.text
    document = json.loads(check("--live", "--format", "json").text)
    assert (document["sound"], document["findings"]) == (True, [])


def test_finding_ends_with_1_and_has_its_line(check: Check, tmp_path: Path) -> None:
    fill(tmp_path / "shop.db", (1, "blue"), (1, "kwikstaart@example.org"), more=", vip TEXT")
    checked = check("--live", "--format", "json")
    assert checked.code == 1, checked
    document = json.loads(checked.text)
    jsonschema_rs.validate(json.loads(in_this_process(("inventory", "schema", "check"), "").text), document)
    assert [(f["code"], f["severity"], f["file"], f["line"]) for f in document["findings"]] == [
        ("key_not_unique", "error", "inventory/shop.yml", CUSTOMER),
        ("column_not_described", "error", "inventory/shop.yml", CUSTOMER + 4),
        ("holds_identifier", "warning", "inventory/shop.yml", HINT),
    ]
    text = check("--live")
    assert text.code == 1
    assert f"1 of 2 values that were read hold an e-mail address, of 2 rows (shop.yml:{HINT})" in text.text
    assert "kwikstaart" not in checked.text + text.text + text.errors


def test_sarif_is_taken_by_a_reader_of_others(check: Check, tmp_path: Path) -> None:
    fill(tmp_path / "shop.db", (1, "blue"), (1, "kwikstaart@example.org"))
    log = SarifLog.model_validate_json(check("--live", "--format", "sarif").text)
    [run] = log.runs
    results = run.results or []
    assert [result.ruleId for result in results] == ["key_not_unique", "holds_identifier"]
    rules = run.tool.driver.rules or []
    assert [rules[result.ruleIndex or 0].id for result in results] == [result.ruleId for result in results]
    place = (results[1].locations or [])[0].physicalLocation
    assert (place.artifactLocation.uri, place.region.startLine) == ("inventory/shop.yml", HINT)
    first = [result.partialFingerprints for result in results]
    fill_more = "INSERT INTO customer VALUES (1, 'other@example.org')"
    with closing(sqlite3.connect(tmp_path / "shop.db")) as con:
        con.execute(fill_more)
        con.commit()
    again = SarifLog.model_validate_json(check("--live", "--format", "sarif").text).runs[0].results or []
    assert [result.partialFingerprints for result in again] == first


def test_faults_of_the_files_are_findings_too(check: Check, tmp_path: Path) -> None:
    write_inventory(tmp_path / "inventory", SHOP.replace("basis: A6-1-b", "basis: A6-1-x"))
    checked = check("--format", "sarif")
    assert checked.code == 1
    [result] = SarifLog.model_validate_json(checked.text).runs[0].results or []
    assert result.ruleId == "fault"
    assert "choose one of" in (result.message.text or "")
    assert check().code == 1


def test_severities_below_the_limit_end_with_0_and_a_mistake_with_2(check: Check, tmp_path: Path) -> None:
    fill(tmp_path / "shop.db", (1, "ann@example.org"))
    assert [check("--live", "--fail-on", least).code for least in ("error", "warning")] == [0, 1]
    assert check("--format", "xml").code == 2
    assert check("--live", "--rows", "0").code == 2


def test_a_source_that_is_not_there_ends_with_3(check: Check) -> None:
    checked = check("--live")
    assert checked.code == 3, checked
    assert "not reached: shop: " in checked.text
    assert "exactly these tables" not in checked.text
    document = json.loads(check("--live", "--format", "json").text)
    assert [entry["source"] for entry in document["not_reached"]] == ["shop"]
    log = SarifLog.model_validate_json(check("--live", "--format", "sarif").text)
    assert [invocation.executionSuccessful for invocation in log.runs[0].invocations or []] == [False]


OTHERS = """\
      friend: {origin: provided, about: third_party}
      agent: {origin: assigned, about: third_party, third_party: ask}
      signed_by: {origin: observed, about: third_party, third_party: mask}
      sent_to: {origin: provided, about: third_party, third_party: own_use}
      hash: {origin: provided, about: third_party, protect: secret}
      code: {origin: not_personal, about: third_party}
      guess: {origin: provided, about: third_party, review: needed}
  order:
    subject: {customer_id: customer_id}
    purposes: [account]
    columns:
      customer_id: {origin: assigned}
      courier: {origin: provided, about: third_party}
      note: {origin: provided}
  place: {personal: false, columns: {name: {origin: provided, about: third_party}}}
"""


def test_undecided_data_about_others_are_one_line_per_table(check: Check, tmp_path: Path) -> None:
    """It is a hint: a controller may want to look each time, so the exit code stays 0."""
    (tmp_path / "inventory" / "shop.yml").write_text(SHOP + OTHERS)
    checked = check()
    assert checked.code == 0, checked
    assert [line.strip() for line in checked.text.splitlines() if "data about others" in line] == [
        f"shop.{table}: data about others in {columns}, and `third_party` is neither `mask` nor "
        "`own_use`: every request that would give them stops at a question."
        for table, columns in (("customer", "friend, agent"), ("order", "courier"))
    ]
    assert "shop.customer.guess is proposed" in checked.text
    settled = OTHERS.replace("about: third_party}", "about: third_party, third_party: mask}")
    (tmp_path / "inventory" / "shop.yml").write_text(
        SHOP + settled.replace("third_party: ask", "third_party: mask")
    )
    assert "data about others" not in check().text


def test_a_controller_without_the_way_to_court_is_refused(check: Check, tmp_path: Path) -> None:
    """R45, R56; of a public body that has the way of a private one, too."""
    shipped = (Path(__file__).parents[3] / "include/inventory/controller.yml").read_text(encoding="utf-8")
    file = tmp_path / "inventory" / "controller.yml"
    places = {text: number for number, text in enumerate(shipped.splitlines(), 1)}
    late = next(number for text, number in places.items() if text.startswith("court_late"))
    cut = shipped.splitlines()[: late - 1]
    for text, line, words in (
        (
            shipped.replace("body: private", "body: public"),
            places["court:"],
            ["U kunt eerst bezwaar", "Schrijf ons"],
        ),
        ("\n".join(cut), places["court:"], ["Daarvoor geldt dan geen vaste termijn"]),
        ("\n".join(cut).replace("country: NL", "country: BE"), places["court:"], ['{"nl": "..."']),
    ):
        file.write_text(text, encoding="utf-8")
        checked = check("--format", "json")
        assert checked.code == 1
        found = [row for row in json.loads(checked.text)["findings"] if row["code"] == "court_not_named"]
        assert found[0]["line"] == line
        for remedy, part in zip((row["remedy"] for row in found), words, strict=True):
            assert part in remedy
    assert "What to do: write that of a private body in your country there" in check().text


def test_text_that_decides_nothing_is_refused_with_its_line(check: Check, tmp_path: Path) -> None:
    shop = tmp_path / "inventory" / "shop.yml"
    lines = shop.read_text(encoding="utf-8").splitlines()
    place = next(number for number, line in enumerate(lines, 1) if line.startswith("tables:"))
    lines.insert(place, "  scratch: {personal: false, title: {nl: Lijst, en: Not decided yet.}}")
    lines.insert(
        place, "  list: {personal: false, columns: {kind: {note: {nl: Soort, en: not decided yet}}}}"
    )
    shop.write_text("\n".join(lines), encoding="utf-8")
    checked = check("--format", "json")
    assert checked.code == 1
    found = [(f["code"], f["table"], f["column"], f["line"]) for f in json.loads(checked.text)["findings"]]
    assert found == [("not_decided", "list", "kind", place + 1), ("not_decided", "scratch", "", place + 2)]


MASKED = "origin: provided, about: third_party, third_party: mask"
OWN_KEY = f"{MASKED}, not_shown: {{nl: Van een ander., en: Of another.}}"
NOT_GIVEN = "settled: not_given, by: Office, on: 2026-01-01, why: Of others, never_own: By the number"


@pytest.mark.parametrize(
    ("words", "code", "found"),
    [
        ("origin: provided, protect: payment", 1, "own_value_masked"),
        (MASKED, 1, "own_value_masked"),
        (OWN_KEY, 0, ""),
        ("origin: assigned, about: third_party, third_party: mask", 0, "mask_not_explained"),
        ("origin: assigned, protect: payment", 0, "mask_not_explained"),
        ("origin: derived, protect: secret", 0, "mask_not_explained"),
        (f"origin: provided, mentions: {{{NOT_GIVEN}}}", 0, "mask_not_explained"),
        (f"origin: provided, mentions: {{{NOT_GIVEN}, disclosed: false}}", 0, ""),
        ("origin: derived, protect: secret, not_shown: {nl: Daarom., en: Because.}", 0, ""),
        ("origin: provided, about: third_party, third_party: own_use", 0, ""),
    ],
)
def test_own_values_are_not_masked_and_masks_have_a_reason(
    check: Check, tmp_path: Path, words: str, code: int, found: str
) -> None:
    shop = tmp_path / "inventory" / "shop.yml"
    text = shop.read_text(encoding="utf-8")
    place = "    columns:\n"
    more = f"      card: {{{words}, category: user.payment, title: {{nl: Kaart, en: Card}}, meaning: {{nl: A, en: A}}}}\n"
    text = text.replace(place, place + more, 1)
    if words == OWN_KEY:  # rows are found by it, so the mask leaves the person's own as it is
        text = text.replace("{customer_id: customer_id}", "{customer_id: customer_id, email: {column: card}}")
    shop.write_text(text, encoding="utf-8")
    checked = check("--format", "json")
    assert checked.code == code, checked
    findings = [(f["code"], f["column"]) for f in json.loads(checked.text)["findings"]]
    assert findings == ([(found, "card")] if found else [])


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ("", ["decision_not_explained", "decision_not_permitted"]),
        (", exception: contract", ["decision_not_explained"]),
    ],
)
def test_a_decision_without_inputs_or_permission_is_a_warning(
    check: Check, tmp_path: Path, more: str, codes: list[str]
) -> None:
    shop = tmp_path / "inventory" / "shop.yml"
    logic = f"en: Account}}, automated_decision: {{logic: {{nl: Wij tellen op., en: We add up.}}{more}}}}}"
    text = shop.read_text(encoding="utf-8").replace("en: Account}}", logic)
    shop.write_text(text, encoding="utf-8")
    checked = check("--format", "json")
    found = json.loads(checked.text)["findings"]
    assert (checked.code, [finding["code"] for finding in found]) == (1, codes)


def test_summary_counts_what_a_person_would_miss(check: Check, tmp_path: Path) -> None:
    shop = tmp_path / "inventory" / "shop.yml"
    text = shop.read_text(encoding="utf-8")
    columns = """    columns:
      kind: {}
      state: {origin: assigned, title: {nl: Soort klant, en: Kind of customer}, category: user.account, codes: {}}
      agent: {origin: assigned, about: third_party, third_party: mask}
"""
    purposes = """  reviews:
    basis: A6-1-f
    title: {nl: Reviews, en: Reviews}
    retention: {period: P1Y}
    recipients: [{group: {nl: Lezers, en: Readers}, why: {nl: Het is openbaar., en: It is public.}}]
    automated_decision: {logic: {nl: Wij tellen., en: We count.}}
"""
    text = text.replace("    columns:\n", columns, 1).replace("purposes:\n", "purposes:\n" + purposes, 1)
    shop.write_text(text.replace("purposes: [", "purposes: [reviews, ", 1), encoding="utf-8")
    found = check().text.partition("What a person would miss")[2].splitlines()
    assert found[0].endswith("(11):")
    assert dict(line.strip().split(": ", 1) for line in found[1:] if line) == {
        "where a value comes from": "1 (shop.customer.kind)",
        "why data are used": "1 (shop.purposes.reviews.interest)",
        "how long data are kept, and from when": "2 (shop.purposes.reviews.retention.trigger, "
        "shop.purposes.account.retention)",
        "who gets data, and how they are protected there": "2 (shop.purposes.account.recipients, "
        "shop.purposes.reviews.recipients.0)",
        "what a computer decides": "4 (shop.purposes.reviews.automated_decision.significance, "
        "shop.purposes.reviews.automated_decision.consequences, "
        "shop.purposes.reviews.automated_decision.inputs, ...)",
        "why a value is kept back": "1 (shop.customer.agent)",
    }
