"""What is judged, in a real browser: it fits a phone, a screen reader reads it, and a link from a mail opens it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser
from testbed.running import drive
from tests.airflow_support import AirflowEnv, api_server
from tests.support.browsing import keep, must_fit_and_be_accessible, opened
from tests.support.installed import CUSTOMERS, Installation, installed
from tests.support.nightly import nightly_after
from tests.support.pages import asked_decision, prepare, press
from tests.support.served import served

from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import NeedsPersonError
from afschrift.law.grounds import Outcome
from afschrift.law.roles import Person, Role, Roles
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion
from afschrift.steps.assess import assess

pytestmark = [pytest.mark.airflow, pytest.mark.needs_program("chromium")]

ADDRESS = "vera.kanarie@example.org"
SHARED = {
    "values": [["watch-4711-kanarie", "2023-01-05T09:00:00Z", None, 2]],
    "tables": [["app.heart_rate", 8231, 8231], ["shop.device", 1, 0]],
}
SEVERAL = {
    "accounts": [
        {"value": "100006", "given": True, "by": [["email", ADDRESS, "2021-02-03T00:00:00Z", None]]},
        {"value": "100007", "given": False, "by": [["email", ADDRESS, None, None]]},
    ],
    "tables": [["shop.orders", 12, 3], ["shop.customer", 1, 1]],
    "more": 0,
}
NOTHING = {
    "keys": [["email", ADDRESS], ["customer_id", "999999"]],
    "spellings": [["email", ADDRESS], ["email", ADDRESS.upper()]],
    "searched": [
        ["shop.customer", 4000, 9, None],
        ["shop.orders", 81723, 3, None],
        ["app.location", 12, 2, "no_right"],
    ],
    "at": "2026-06-11T07:30:00Z",
}
CONSENTS = {
    "rows": {"app.heart_rate": 8231},
    "consents": {"app.coaching": ["withdrawn", "2026-01-03 10:00:00+00"]},
}
ASKED: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "shared_key": ({"key": "device_id", "values": 1, "which": "ab" * 32}, SHARED),
    "several_persons": ({"persons": 2, "given": 1, "which": "ab" * 32}, SEVERAL),
    "nothing_held": ({"systems": ["app", "shop"], "keys": ["customer_id", "email"]}, NOTHING),
    "consent_missing": ({"columns": ["app.heart_rate.bpm", "app.heart_rate.measured_at"]}, CONSENTS),
    "residual_rows": ({"column": "shop.ticket_message.body", "rows": 2}, None),
    "foreign_rows": ({"table": "shop.shipment", "rows": 2}, None),
    "file_missing": (
        {"table": "shop.upload", "files": 2, "rows": [3, 9], "reasons": {"gone": 2}, "which": "ab" * 32},
        None,
    ),
    "active_content": (
        {
            "table": "shop.upload",
            "files": 2,
            "rows": [3, 9],
            "found": {"macro": 1, "unreadable": 1},
            "where": [
                "3: Macro in file 5 of the archive in attachment 2 of the e-mail",
                "9: Unreadable in the file itself",
            ],
            "which": "ab" * 32,
        },
        None,
    ),
}


@dataclass(frozen=True)
class ServedQuestions:
    """A served Airflow with questions; kind -> id."""

    installation: Installation
    address: str
    ids: dict[str, str]


def asked(made: Installation) -> dict[str, str]:
    """A question of each kind that is looked at."""
    register = made.services.register
    ids = {}
    for number, (kind, (detail, kept)) in enumerate(ASKED.items()):
        request = made.submit(CUSTOMERS[number], "access")
        ask(register, request, [OpenQuestion(KINDS[kind], KINDS[kind].options, "Asked.", detail, kept=kept)])
        ids[kind] = register.questions.all(request_id=request)[-1].id
    return ids | decision_and_signature(made) | mandate_and_telling(made)


def decision_and_signature(made: Installation) -> dict[str, str]:
    """A request that was refused and waits for its second signer; another that was put before an officer."""
    from tests.support.ground_forms import GROUNDS, complete

    _, question = asked_decision(made, CUSTOMERS[20])
    form = complete("manifestly_unfounded", Outcome.REFUSE)
    anna = Person("Anna", frozenset({"cli:anna"}), frozenset({Role.OFFICER}))
    detail = {"ground": "manifestly_unfounded", **GROUNDS.kept_in_trail(form)}
    officer = Officer(made.services.register, Roles((anna,)), "cli:anna")
    done = answer_question(officer, question, "refuse", detail=detail, texts=GROUNDS.texts(form))
    assert done.signer is not None
    _, other = asked_decision(made, CUSTOMERS[21])
    return {"decision_signed": done.signer, "decision": other}


def mandate_and_telling(made: Installation) -> dict[str, str]:
    """A mandate that was taken back, and an answer that is ready."""
    who = {"name": "R. Vertegen", "email": "r.vertegen@example.org"}
    request = made.submit(CUSTOMERS[18], "access", made_by="proxy", representative=who)
    anna = Person("Anna", frozenset({"cli:anna"}), frozenset({Role.OFFICER}))
    officer = Officer(made.services.register, Roles((anna,)), "cli:anna")
    identity, lacking = {"method": "call_back", "level": "high"}, {"lacking": "withdrawn"}
    for answer in (("confirmed", identity), ("not_proven", lacking), None):
        with pytest.raises(NeedsPersonError):
            assess(made.services, request)
        [mandate] = made.services.register.questions.all(request_id=request)
        if answer is not None:
            answer_question(officer, mandate.id, answer[0], detail=answer[1], text="She called us.")
    ready = made.submit(CUSTOMERS[19], "portability")
    drive(made.services, ready)
    [notifying] = made.services.register.questions.all(request_id=ready)
    return {mandate.kind: mandate.id, notifying.kind: notifying.id}


@pytest.fixture(scope="module")
def questions(
    airflow_env: AirflowEnv, demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedQuestions]:
    with installed(demo_warehouse, tmp_path_factory.mktemp("looks")) as made, api_server() as app:
        prepare(made)
        ids = asked(made)
        with served(app) as address:
            yield ServedQuestions(made, f"{address}/afschrift", ids)


@pytest.mark.parametrize(("width", "scheme"), nightly_after(1, [(360, "dark"), (1280, "light")]))
def test_judged_rows_are_accessible_and_fit(
    browser: Browser, questions: ServedQuestions, width: int, scheme: Literal["light", "dark"]
) -> None:
    for kind, question in questions.ids.items():
        user = "sam" if kind == "decision_signed" else "anna"
        page = opened(
            browser, questions.address, user, viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        page.goto(f"{questions.address}/")
        press(page, page.locator(f'a[href$="{question}"]'))
        assert page.get_by_role("heading", name="What is judged").is_visible()
        keep(page, f"{kind}-{width}")
        values = page.get_by_role("button", name="Show the values")
        if values.count():
            press(page, values)
            keep(page, f"{kind}-{width}-values")
        must_fit_and_be_accessible(page, width, kind)
        page.context.close()


def test_link_from_elsewhere_takes_a_click_without_scripts(
    browser: Browser, questions: ServedQuestions
) -> None:
    page = opened(browser, questions.address, "anna", java_script_enabled=False)
    path = f"{questions.address}/questions/{questions.ids['shared_key']}"
    page.goto(path)  # as a mail program opens it
    assert "8231" not in page.content()
    keep(page, "elsewhere")
    press(page, page.get_by_role("link", name="Open this page"))
    assert "8231" in page.content()
    assert "kanarie" not in page.content()
    press(page, page.get_by_role("button", name="Show the values"))
    assert "watch-4711-kanarie" in page.content()
    page.get_by_role("radio", name="Include").check()
    press(page, page.get_by_role("button", name="Record the answer"))
    assert page.get_by_role("heading", name="Recorded").is_visible()
    page.context.close()
