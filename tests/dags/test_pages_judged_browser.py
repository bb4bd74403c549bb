"""What is judged, in a real browser: it fits a phone, a screen reader reads it, and a link from a mail opens it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser
from testbed.running import drive
from tests.support.browsing import keep, must_fit_and_be_accessible, opened
from tests.support.nightly import nightly_after
from tests.support.pages import Desk, press

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

ASKED: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    kind: (asked["detail"], asked["kept"])
    for kind, asked in json.loads((Path(__file__).parent / "data" / "judged.json").read_text("utf-8")).items()
}
"""Kind of question -> its detail, and what is kept of the sources."""
SIGNED = "decision_signed"


@pytest.fixture(scope="module")
def ids(desk: Desk) -> dict[str, str]:
    """Kind -> id of a question of each kind that is looked at."""
    found = {}
    for kind, (detail, kept) in ASKED.items():
        request = desk.submit(desk.customers.pop(), "access")
        of = KINDS[kind]
        ask(desk.register, request, [OpenQuestion(of, of.options, "Asked.", detail, kept=kept)])
        found[kind] = desk.register.questions.all(request_id=request)[-1].id
    return found | decision_and_signature(desk) | mandate_and_notification(desk)


def officer(desk: Desk) -> Officer:
    anna = Person("Anna", frozenset({"cli:anna"}), frozenset({Role.OFFICER}))
    return Officer(desk.register, Roles((anna,)), "cli:anna")


def decision_and_signature(desk: Desk) -> dict[str, str]:
    """A request that was refused and waits for its second signer; another that was put before an officer."""
    from tests.support.ground_forms import GROUNDS, complete

    (_, question), (_, other) = desk.decision(), desk.decision()
    form = complete("manifestly_unfounded", Outcome.REFUSE)
    detail = {"ground": "manifestly_unfounded", **GROUNDS.kept_in_trail(form)}
    done = answer_question(officer(desk), question, "refuse", detail=detail, texts=GROUNDS.texts(form))
    assert done.signer is not None
    return {SIGNED: done.signer, "decision": other}


def mandate_and_notification(desk: Desk) -> dict[str, str]:
    """A mandate that was taken back, and an answer that is ready."""
    who = {"name": "R. Vertegen", "email": "r.vertegen@example.org"}
    request = desk.submit(desk.customers.pop(), "access", made_by="proxy", representative=who)
    identity, lacking = {"method": "call_back", "level": "high"}, {"lacking": "withdrawn"}
    for answer in (("confirmed", identity), ("not_proven", lacking), None):
        with pytest.raises(NeedsPersonError):
            assess(desk.services, request)
        [mandate] = desk.register.questions.all(request_id=request)
        if answer is not None:
            answer_question(officer(desk), mandate.id, answer[0], detail=answer[1], text="She called us.")
    ready = desk.submit(desk.customers.pop(), "portability")
    drive(desk.services, ready)
    [notifying] = desk.register.questions.all(request_id=ready)
    return {mandate.kind: mandate.id, notifying.kind: notifying.id}


@pytest.mark.parametrize(
    ("width", "scheme", "kinds"),
    nightly_after(
        1,
        [
            # rows with values, rows alone, a form of a decision, texts to sign
            (360, "dark", ("several_persons", "active_content", "decision", SIGNED)),
            (360, "dark", ()),
            (1280, "light", ()),
        ],
    ),
)
def test_judged_rows_are_accessible_and_fit(
    browser: Browser, desk: Desk, address: str, ids: dict[str, str], width: int,
    scheme: Literal["light", "dark"], kinds: tuple[str, ...],
) -> None:  # fmt: skip
    for kind in kinds or ids:
        user = "sam" if kind == SIGNED else "anna"
        page = opened(browser, address, user, viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.goto(f"{address}/")
        press(page, page.locator(f'a[href$="{ids[kind]}"]'))
        assert page.get_by_role("heading", name="What is judged").is_visible()
        keep(page, f"{kind}-{width}")
        values = page.get_by_role("button", name="Show the values")
        if values.count():
            press(page, values)
            keep(page, f"{kind}-{width}-values")
        must_fit_and_be_accessible(page, width, kind)
        page.context.close()


def test_link_from_elsewhere_takes_a_click_without_scripts(
    browser: Browser, address: str, ids: dict[str, str]
) -> None:
    page = opened(browser, address, java_script_enabled=False)
    path = f"{address}/questions/{ids['shared_key']}"
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
