"""On the demo: a neighbour whom a customer names in a ticket is pointed out, redacted, and in no file."""

from __future__ import annotations

import hashlib
import json

from demo.people import REISSUED, TABLET_A
from testbed.running import members
from tests.e2e.office import Office
from tests.support.reviewing import BALANCE, CODES, ROLES

from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.casework.review.view import review_view
from afschrift.domain.errors import NeedsPersonError

TICKETS = "shop.ticket_message"
NAMES = (f"{TABLET_A.first_name} {TABLET_A.last_name}", str(TABLET_A.email), "06-12345678")


def test_neighbour_in_a_ticket_is_redacted(office: Office) -> None:
    request = office.submit("portability", {"customer_id": str(REISSUED.number)}, formats=["csv", "parquet"])
    settings = Settings.from_environment(
        {"AFSCHRIFT_HOME": str(office.home), "AFSCHRIFT_INVENTORY": str(office.home / "inventory")}
    )
    first = ended_at_review(office, request)
    officer = Officer(office.register, ROLES, "cli:anna", settings=settings)
    pointed = [
        cell for table in review_view(officer, request, table=TICKETS).tables for cell in table.pointed
    ]
    mine = [cell for cell in pointed if any(cell.text and cell.text in name for name in NAMES)]
    assert {cell.kind for cell in mine} >= {"email", "phone", "name"}

    lines = [cell.line.replace("GROUND", "rights_of_others") for cell in mine]
    texts = {"redactions": lines, **BALANCE}
    answer(office, settings, first.id, "redact", detail=CODES, texts=texts)
    second = ended_at_review(office, request)
    answer(office, settings, second.id, "approved")
    bundle = office.run(request)

    assert hashlib.sha256(bundle.read_bytes()).hexdigest() == second.about
    files = members(bundle)
    for path, content in files.items():
        for name in NAMES:
            assert name.encode() not in content, path
    masked = json.loads(files["data/redactions.json"])["masked"]
    assert sum(mask["count"] for mask in masked if mask["method"] == "span") == len(lines)
    trail = json.dumps([payload for _, payload in office.register.trail.events(request)])
    assert not any(name in trail for name in NAMES)


def ended_at_review(office: Office, request: str):  # type: ignore[no-untyped-def]
    """The review at which a run ends, over what is asked before."""
    for _ in range(3):
        try:
            office.run(request)
        except NeedsPersonError as needed:
            [*_, question] = office.register.questions.all(request_id=request)
            if needed.question == "review":
                return question
            office.answer(request, {})
    raise AssertionError("no review was asked")


def answer(office: Office, settings: Settings, question: str, choice: str, **more: object) -> None:
    """As an officer."""
    answer_question(Officer(office.register, ROLES, "cli:anna", settings=settings), question, choice, **more)  # type: ignore[arg-type]
