"""Tables of people in other roles: no key of the person reaches them, so their columns raise no question."""

from contextlib import suppress
from pathlib import Path

import pytest
from testbed import small
from testbed.running import installation, store

from afschrift.domain.errors import NeedsPersonError
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

STAFF = """
  staff:
    subject: {staff_id: staff_id}
    purposes: [account]
    columns:
      staff_id: {origin: assigned, category: user.unique_id}
      name: {review: needed}
"""
MADE = "CREATE TABLE staff (staff_id INTEGER, name VARCHAR); INSERT INTO staff VALUES (1, 'Zed')"


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str = STAFF) -> Services:
    database = small.write_database(tmp_path / "shop.sqlite")
    small.execute(database, MADE)
    monkeypatch.setenv("MINI_SHOP", str(database))
    folder = small.write_inventory(tmp_path / "map", f"{small.SHOP.rstrip()}{text}")
    identity = folder / "identity.yml"
    identity.write_text(f"{identity.read_text()}  staff_id: {{unique: yes}}\n")
    return installation(tmp_path / "home", folder)


def asked(services: Services, keys: dict[str, str]) -> list[str]:
    """What a request with these keys asks of staff."""
    request = store(services, keys, "portability", formats=["csv"])
    assess(services, request)
    with suppress(NeedsPersonError):
        classify(services, request)
    questions = services.register.questions.all(request_id=request)
    return [question.kind for question in questions if "shop.staff" in str(question.detail)]


@pytest.mark.parametrize(
    ("keys", "text", "kinds"),
    [
        ({"customer_id": "1"}, STAFF, []),
        ({"staff_id": "1", "customer_id": "1"}, STAFF, ["unclassified"]),
        (
            {"customer_id": "1"},
            STAFF.replace("    purposes", "    ways: guessed\n    purposes"),
            ["unclassified"],
        ),
        ({"customer_id": "1"}, STAFF.replace("unique_id}", "unique_id, review: needed}"), ["unclassified"]),
        (
            {"customer_id": "1"},
            STAFF.replace("subject: {", "subject: {customer_id: staff_id, "),
            ["unclassified"],
        ),
    ],
    ids=["customer", "member of staff", "guessed way", "key not confirmed", "key of the person"],
)
def test_only_what_a_key_may_reach_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], text: str, kinds: list[str]
) -> None:
    assert asked(made(tmp_path, monkeypatch, text), keys) == kinds


def test_an_unreached_table_is_planned_as_empty_which_extraction_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = made(tmp_path, monkeypatch)
    request = store(services, {"customer_id": "1"}, "portability", formats=["csv"])
    assess(services, request)
    plan = services.register.plans.get(request, classify(services, request)["plan"])
    [table] = [part for part in plan.extracts if part.table == "staff"]
    assert {field.name: field.reason for field in table.selected}["name"] == "no_rows"
