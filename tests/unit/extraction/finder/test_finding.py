"""While a source is read, its free text is looked through; what is found is kept for a reviewer alone."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from testbed.running import installation, store
from tests.support import help_desk

from afschrift.app.settings import Settings
from afschrift.audit.sentences import sentence
from afschrift.domain.errors import StagedFileError
from afschrift.domain.redaction import TablePointers
from afschrift.extraction.staged_records import staged_pointers
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.wiring.build_services import build

pytestmark = pytest.mark.slow
TEXTS = {number: body for number, body, _ in help_desk.TICKETS}
OTHERS = ("Carla", "Bakker", "carla@example.net", "87654321", "NL91", "Zed", "Piet")
Office = Callable[..., tuple[Services, list[str]]]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    def opened(amend: Mapping[str, str] | None = None) -> tuple[Services, list[str]]:
        lines: list[str] = []
        inventory = help_desk.write(tmp_path / "desk", amend)
        installation(tmp_path / "home", inventory)
        there = {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(inventory)}
        return build(lines.append, Settings.from_environment(there)), lines

    return opened


def in_calls(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "desk" / "calls.sqlite")) as con, con:
        for statement in statements:
            con.execute(statement)


def read(services: Services, *sources: str, right: str = "access") -> str:
    request = store(services, {"customer_id": "1"}, right)
    assess(services, request)
    classify(services, request)
    for source in sources:
        extract(services, request, source)
    return request


def marked(found: TablePointers, texts: Mapping[int, str | None]) -> list[tuple[int, str, str]]:
    return [(p.row, str(texts[p.row])[p.start : p.end], p.kind) for p in found.pointers]


def extracted(services: Services, request: str) -> list[dict[str, Any]]:
    return [p for header, p in services.register.trail.events(request) if header.type == "extracted" and p]


def log_text(services: Services, request: str) -> str:
    """What a task log says about the readings of a request."""
    events = services.register.evidence.of_types(request, "extracted")
    return " ".join(sentence(header, payload) for header, payload in events)


def test_others_are_pointed_out_and_the_person_is_not(office: Office, tmp_path: Path) -> None:
    """And the evidence has counts and no value."""
    services, lines = office()
    request = read(services, "shop", "calls")
    staging = services.staging(request)
    tickets = staged_pointers(staging, "shop")["ticket"]
    assert marked(tickets, TEXTS) == [
        (1, "Carla Bakker", "name"),
        (1, "carla@example.net", "email"),
        (1, "06-87654321", "phone"),
        (5, "NL91 ABNA 0417 1643 00", "iban"),
        (5, "Zed", "name"),  # of the staff, whom another source knows
    ]
    calls = staged_pointers(staging, "calls")["call"]
    notes: dict[int, str | None] = {number: note for number, note, *_ in help_desk.CALLS}
    assert marked(calls, notes) == [(1, "Piet Bakker", "name")]
    (shop, called) = extracted(services, request)
    assert shop["pointed_out"] == {"ticket": {"email": 1, "iban": 1, "name": 2, "phone": 1}}
    assert shop["people"] == {"shop.customer": 3, "calls.staff": 2}
    assert "ree text may hold data of others in 5 places" in log_text(services, request)
    logged = json.dumps([shop, called]) + "".join(lines) + log_text(services, request)
    assert not [other for other in OTHERS if other in logged]
    for file in (tmp_path / "home").rglob("*"):
        if file.is_file():
            assert not [other for other in OTHERS[:5] if other.encode() in file.read_bytes()], file.name
    staging.wipe("data")
    staging.wipe("records")
    extract(services, request, "shop")
    assert staged_pointers(staging, "shop")["ticket"] == tickets


def test_only_declared_columns_are_searched(office: Office) -> None:
    services, _ = office({", free_text: true": ""})
    request = read(services, "shop")
    assert staged_pointers(services.staging(request), "shop") == {}
    assert not {"pointed_out", "people"} & extracted(services, request)[0].keys()


def test_no_pointers_are_staged_without_a_search(office: Office) -> None:
    services, _ = office()
    request = read(services)
    with pytest.raises(
        StagedFileError, match=r"pointers/shop\.json .* is not there"
    ):  # and not: nothing found
        staged_pointers(services.staging(request), "shop")


@pytest.mark.parametrize(("most", "people"), [(2, "too_many"), (3, 3)])
def test_too_many_people_are_not_read_and_that_is_said(office: Office, most: int, people: object) -> None:
    services, _ = office({"columns: [first, last]": f"columns: [first, last], most: {most}"})
    request = read(services, "shop")
    assert extracted(services, request)[0]["people"] == {"shop.customer": people, "calls.staff": 2}
    if people == "too_many":
        found = staged_pointers(services.staging(request), "shop")["ticket"]
        assert found.unread == ("shop.customer",)
        assert [text for _, text, kind in marked(found, TEXTS) if kind == "name"] == ["Zed"]
        assert "; names of people not looked for in shop.customer." in log_text(services, request)


def test_a_source_of_names_that_is_down_does_not_keep_the_person_waiting(
    office: Office, tmp_path: Path
) -> None:
    services, _ = office()
    request = store(services, {"customer_id": "1"})
    assess(services, request)
    classify(services, request)
    (tmp_path / "desk" / "calls.sqlite").rename(tmp_path / "gone.sqlite")
    extract(services, request, "shop")
    found = staged_pointers(services.staging(request), "shop")["ticket"]
    assert (found.unread, found.counts["name"]) == (("calls.staff",), 1)
    assert extracted(services, request)[0]["people"]["calls.staff"] == "out_of_reach"


def test_an_unreadable_name_stops_no_search(office: Office, tmp_path: Path) -> None:
    columns = "columns: {number: {origin: not_personal}, name: {origin: not_personal}}"
    more = f"{columns}\n  temps:\n    personal: false\n    names: {{columns: [name]}}\n    {columns}"
    services, lines = office({columns: more})
    in_calls(
        tmp_path,
        "INSERT INTO staff VALUES (99, CAST(x'ff41' AS TEXT))",
        "CREATE TABLE temps (number INTEGER, name TEXT)",
        "INSERT INTO temps VALUES (1, 'Niets')",
    )
    request = read(services, "shop")
    found = staged_pointers(services.staging(request), "shop")["ticket"]
    assert (found.unread, found.counts["name"]) == (("calls.staff",), 2)
    assert [text for _, text, kind in marked(found, TEXTS) if kind == "name"] == ["Carla Bakker", "Niets"]
    assert extracted(services, request)[0]["people"] == {
        "shop.customer": 3,
        "calls.staff": "unreadable",
        "calls.temps": 1,
    }
    assert "; names of people not looked for in calls.staff." in log_text(services, request)
    assert [line for line in lines if "holds a text that is not UTF-8" in line]  # where to mend it


def test_a_name_that_means_something_else_can_be_left_out(office: Office) -> None:
    services, _ = office({"columns: [name]": "columns: [name], ignore: [zed]"})
    request = read(services, "shop")
    assert staged_pointers(services.staging(request), "shop")["ticket"].counts["name"] == 1


def test_a_table_that_is_written_again_is_looked_through_again(office: Office, tmp_path: Path) -> None:
    services, _ = office()
    in_calls(tmp_path, r"INSERT INTO call VALUES (3, 1, '\N', NULL, NULL)")  # a CSV's usual marker for NULL
    request = read(services, "calls")
    found = staged_pointers(services.staging(request), "calls")["call"]
    assert [(p.row, p.kind) for p in found.pointers] == [(1, "name")]
    assert found.counts == {"name": 1}


def test_a_large_note_beside_many_rows(office: Office, tmp_path: Path) -> None:
    services, _ = office()
    rows = [f"({number}, 1, '{'lang ' * 50}', NULL, NULL)" for number in range(5_000)]
    rows.append(f"(5000, 1, '{'lang ' * 200_000}Zed', NULL, NULL)")
    rows.append(f"(5001, 1, 'Zed{' en Zed' * 1_500}', NULL, NULL)")
    in_calls(tmp_path, "DELETE FROM call", f"INSERT INTO call VALUES {', '.join(rows)}")
    request = read(services, "calls")
    found = staged_pointers(services.staging(request), "calls")["call"]
    assert (found.counts, len(found.pointers)) == ({"name": 1_502}, 1_000)
    assert [(p.row, p.start) for p in found.pointers[:2]] == [(5_001, 1_000_000), (5_002, 0)]
