"""An answer that refutes itself is found before it is sealed, with the rows and the way out."""

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from testbed.delivered import open_delivered
from testbed.running import run
from testbed.small import SHOP
from tests.support.data import document
from tests.support.reviewing import Reviewers

from afschrift.casework.review.look import begin
from afschrift.casework.review.refutation import KINDS
from afschrift.casework.review.review_overview import overview
from afschrift.datamap.check.finding import RULES, Severity, failures
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.map_findings import MapFinding, record
from afschrift.domain.errors import NeedsPersonError


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviewers:
    return Reviewers.set_up(tmp_path, monkeypatch, choice="flagged")


def plant(office: Reviewers, case: dict[str, Any]) -> None:
    columns = case["columns"].items()
    rows = case.get("rows", ())
    office.bureau.execute(f"CREATE TABLE note ({', '.join(f'{name} {kind}' for name, kind in columns)})")
    for row in rows:
        office.bureau.execute(f"INSERT INTO note VALUES ({row})")
    if many := case.get("many"):
        numbers = "WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < 60)"
        office.bureau.execute(f"INSERT INTO note {numbers} SELECT n, {many} FROM k")
    shop = yaml.safe_load(SHOP)
    for name, words in case.get("purposes", {}).items():
        shop["purposes"][name] = {**shop["purposes"]["account"], **words}
    shop["settled"] = case.get("settled", [])
    shop["tables"]["note"] = {"key": ["note_id"], "purposes": ["account"], **yaml.safe_load(case["map"])}
    office.bureau.describe(yaml.safe_dump(shop))


def check(office: Reviewers) -> None:
    """The daily check of the map."""
    report = check_sources(office.services.inventory)
    found = [MapFinding(f.place, f.code.value, f.severity.value) for f in failures(report, Severity.WARNING)]
    record(office.bureau.register, found, [], "cli:anna")


def refuted(office: Reviewers, request: str) -> dict[str, Any]:
    """What the question at which the run ends says of refutations; none where it asks nothing."""
    try:
        run(office.services, request)
    except NeedsPersonError as asked:
        question = office.open(request, str(asked.question))
        assert "refuted" in question.detail["why"]
        return dict(question.detail["refuted"])
    return {}


@pytest.mark.parametrize("case", document(__file__, "refuted.yml"), ids=lambda case: case["case"])
def test_planted_refutations_are_found(office: Reviewers, case: dict[str, Any]) -> None:
    plant(office, case)
    check(office)
    request = office.store()
    assert refuted(office, request) == case["refuted"]
    if case["refuted"]:
        [line, *_] = overview(begin(office.bureau.officer(), request, None)).view.refuted
        assert KINDS[next(iter(case["refuted"]))] in line


@pytest.mark.parametrize("masked", [False, True])
def test_an_address_that_is_a_key_of_another_is_pointed_out_or_masked(
    office: Reviewers, masked: bool
) -> None:
    """The number finds the row; its e-mail address, which would find it too, is of another person."""
    about = "about: third_party, third_party: mask, " if masked else ""
    case = {
        "columns": {"note_id": "INTEGER", "customer_id": "INTEGER", "sender": "TEXT", "at": "TIMESTAMP"},
        "rows": [
            "1, 1, 'ANN@example.org', NULL",
            "2, 1, 'o''malley+zoë@example.net', NULL",
            "3, 1, NULL, NULL",
        ],
        "map": f"""
            subject: {{customer_id: customer_id, email: {{column: sender, match: casefold, at: at}}}}
            columns:
              note_id: {{origin: assigned}}
              customer_id: {{origin: assigned}}
              at: {{origin: observed}}
              sender: {{{about}origin: provided, category: user.contact.email}}""",
    }
    plant(office, case)
    request = office.store()
    if not masked:
        assert office.asked(request).detail["pointed_out"] == {"shop.note": 1}
        return
    assert refuted(office, request) == {}
    with ZipFile(open_delivered(office.services, request)) as bundle:
        [name] = [n for n in bundle.namelist() if n.endswith("note.csv")]
        own, others, none = bundle.read(name).decode().splitlines()[1:]
    assert "ANN@example.org" in own and "malley" not in others and "[masked" in others and "mask" not in none


def test_cells_of_the_person_and_of_one_answer_alone_are_found_once_redacted(office: Reviewers) -> None:
    """A name that the person gave is masked whole in one of two answers of a case."""
    office.decide_policy("always")
    first = office.bureau.store(["access", "portability"])  # type: ignore[arg-type]
    requests = office.bureau.register.requests
    [second] = [r.id for r in requests.all(case=requests.get(first).case) if r.id != first]
    office.redact(office.asked(first), "shop.customer customer_id=1 name rights_of_others")
    assert office.asked(first).detail["refuted"] == {"own_value_masked": {"shop.customer.name": 1}}

    assert office.asked(second).detail["masked_otherwise"] == {"shop.customer.name": 1}


def test_what_the_map_settles_is_no_finding_until_it_is_another_one(office: Reviewers) -> None:
    by = {"by": "Data office", "on": "2026-11-02", "why": "Known.", "until": "2999-01-01", "of": "0"}
    writer, reader = (
        {"code": "others_key_given", "table": "note", "column": name, **by} for name in ("writer", "reader")
    )
    plant(office, {**document(__file__, "refuted.yml")[0], "settled": [writer, reader]})
    assert refuted(office, office.store()) == {}
    check(office)
    assert refuted(office, office.store())["others_key_given"].keys() == {
        "shop.note.writer",
        "shop.note.reader",
    }
    office.decide_policy("never")
    assert refuted(office, office.store("portability")) == {}


def test_kinds_have_words_and_those_of_the_map_are_codes_of_its_check() -> None:
    assert set(KINDS) - {code.value for code in RULES} == {"masked_otherwise"}
