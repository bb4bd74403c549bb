"""The plain pages in a real browser: readable on a phone and in the dark, by a screen reader, without scripts."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser
from testbed.running import drive
from tests.airflow_support import log_in
from tests.support.browsing import keep, must_fit_and_be_accessible, opened
from tests.support.deciding import ROLES
from tests.support.ground_forms import GROUNDS, complete, in_trail
from tests.support.nightly import nightly_after
from tests.support.pages import Desk, follow, press

from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import NeedsPersonError
from afschrift.law.grounds import Outcome
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion
from afschrift.steps.assess import assess
from afschrift.steps.read_identifying import look_up

pytestmark = [pytest.mark.airflow, pytest.mark.needs_program("chromium")]

TEXT = "Kanariezin over de vrouw op de groene fiets"

WIDTHS = nightly_after(1, [(360, "light"), (1280, "light"), (1280, "dark")])


@pytest.mark.parametrize(
    ("width", "scheme"),
    nightly_after(1, [(360, "dark"), (1280, "light"), (1280, "dark"), (900, "light"), (360, "light")]),
)
def test_pages_are_accessible_and_fit(
    browser: Browser, desk: Desk, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    (request, identity), (_, decision), (_, manual) = desk.identity(), desk.decision(), desk.manual()
    page = opened(browser, address, viewport={"width": width, "height": 900}, color_scheme=scheme)
    faults: list[str] = []  # what the page's policy kept out, or another fault
    page.on("console", lambda message: faults.append(message.text))
    ground = f"/questions/{decision}?choice=refuse_part&ground=rights_of_others"
    questions = (f"/questions/{question}" for question in (identity, decision, manual))
    actions = (f"/requests/{request}/do/{name}" for name in ("extend", "complaint"))
    for path in ("/", *questions, ground, f"/requests/{request}", *actions):
        follow(page, address, path)
        if path is ground:  # as it looks with an error
            page.get_by_label("1. What it means").fill(TEXT)
            press(page, page.get_by_role("button", name="Record"))
            page.get_by_role("alert").wait_for()
            assert page.get_by_label("1. What it means").input_value() == TEXT
        must_fit_and_be_accessible(page, width, path)
    page.context.add_cookies([{"name": "_token", "value": log_in("iris"), "url": address}])
    for path in ("/new", "/new/import"):
        follow(page, address, path)
        must_fit_and_be_accessible(page, width, path)
    assert [text for text in faults if "422" not in text] == []
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_found_keys_are_shown_without_scripts(
    browser: Browser, desk: Desk, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    request, question = desk.identity()
    size = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = opened(browser, address, java_script_enabled=False, **size)
    follow(page, address, f"/questions/{question}")
    press(page, page.get_by_role("button", name="Look up whose they are"))
    assert page.get_by_text("It is being looked up.").is_visible()
    look_up(desk.services, request)
    page.reload()
    assert page.get_by_text("It is being looked up.").count() == 0
    assert page.get_by_role("heading", name="Account", exact=True).is_visible()
    with page.context.expect_page() as another:
        page.get_by_role("button", name="Show it all beside the message").click()
    shown = another.value
    assert shown.get_by_text("Please send me my data.").is_visible()
    link = page.get_by_role("link", name="Correct or add keys")
    fitting = opened(browser, address, **size)  # axe is a script
    for html in (page.content(), shown.content()):
        fitting.set_content(html)
        must_fit_and_be_accessible(fitting, width)
    press(page, link)
    fitting.set_content(page.content())
    must_fit_and_be_accessible(fitting, width)
    page.get_by_label("Customer number").fill("4711")
    press(page, page.get_by_role("button", name="Record"))
    assert page.get_by_text("customer_id corrected").is_visible()
    for made in (page, fitting):
        made.context.close()


def test_question_is_answered_without_scripts(browser: Browser, desk: Desk, address: str) -> None:
    request, question = desk.identity()
    page = opened(browser, address, java_script_enabled=False)
    page.goto(f"{address}/")
    page.get_by_role("row").filter(has_text=request).get_by_role("link").first.click()
    assert page.url.endswith(question)
    page.get_by_role("radio", name="Confirmed", exact=False).first.check()
    page.get_by_role("radio", name="Call back").check()
    press(page, page.get_by_role("button", name="Record the answer"))
    page.get_by_role("alert").get_by_role("link", name="How sure it is").click()
    assert page.get_by_role("radio", name="Call back").is_checked()
    page.get_by_role("radio", name="Substantial").check()
    press(page, page.get_by_role("button", name="Record the answer"))
    assert page.get_by_role("heading", name="Recorded").is_visible()
    assert page.get_by_role("link", name="A run started; Airflow shows it.").is_visible()
    [decision] = desk.register.decisions.of(request)
    assert (decision.by, decision.detail["level"]) == ("airflow:anna", "substantial")
    page.context.close()


def test_expired_log_in_loses_no_text(browser: Browser, desk: Desk, address: str) -> None:
    _, question = desk.decision()
    page = opened(browser, address)
    follow(page, address, f"/questions/{question}?choice=extend&ground=complexity")
    page.get_by_label("The concrete facts").fill(TEXT)
    page.context.add_cookies([{"name": "_token", "value": log_in("anna", "op"), "url": address}])
    press(page, page.get_by_role("button", name="Record"))
    assert "Your log-in was renewed" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("The concrete facts").input_value() == TEXT
    page.context.close()


def test_airflow_links_to_the_pages(browser: Browser, desk: Desk, address: str) -> None:
    page = opened(browser, address)
    page.goto(address.removesuffix("afschrift"))
    page.get_by_text("Browse", exact=True).click()
    with page.context.expect_page() as another:
        page.get_by_role("menuitem", name="Afschrift").click()
    assert another.value.url == f"{address}/"
    assert another.value.get_by_role("heading", name="Today").is_visible()
    page.context.close()


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
    return Officer(desk.register, ROLES, "cli:anna")


def decision_and_signature(desk: Desk) -> dict[str, str]:
    """A request that was refused and waits for its second signer; another that was put before an officer."""
    (_, question), (_, other) = desk.decision(), desk.decision()
    form = complete("manifestly_unfounded", Outcome.REFUSE)
    detail = {"ground": "manifestly_unfounded", **in_trail(form)}
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
