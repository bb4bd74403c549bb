"""The plain pages in a real browser: readable on a phone and in the dark, by a screen reader, without scripts."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser
from tests.airflow_support import log_in
from tests.support.browsing import must_fit_and_be_accessible, opened
from tests.support.nightly import nightly_after
from tests.support.pages import Desk, follow, press

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
    for path in ("/", *questions, ground, f"/requests/{request}"):
        follow(page, address, path)
        if path is ground:  # as it looks with an error
            page.get_by_label("1. What it means").fill(TEXT)
            press(page, page.get_by_role("button", name="Record"))
            page.get_by_role("alert").wait_for()
            assert page.get_by_label("1. What it means").input_value() == TEXT
        must_fit_and_be_accessible(page, width, path)
    assert [text for text in faults if "422" not in text] == []
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_found_keys_are_shown_without_scripts(
    browser: Browser, desk: Desk, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    from afschrift.steps.read_identifying import look_up

    request, question = desk.identity()
    size = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = opened(browser, address, java_script_enabled=False, **size)
    follow(page, address, f"/questions/{question}")
    press(page, page.get_by_role("button", name="Look up whose they are"))
    assert page.get_by_text(f"Run {request}.1 looks.").is_visible()
    look_up(desk.services, request)
    page.reload()
    assert page.get_by_text(f"Run {request}.1 looks.").count() == 0
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
    press(page, page.get_by_role("button", name="Change the keys"))
    assert page.get_by_text("customer_id corrected").is_visible()
    for made in (page, fitting):
        made.context.close()


def test_question_is_answered_without_scripts(browser: Browser, desk: Desk, address: str) -> None:
    request, question = desk.identity()
    page = opened(browser, address, java_script_enabled=False)
    page.goto(f"{address}/")
    page.get_by_role("link", name="Who asks").last.click()
    assert page.url.endswith(question)
    page.get_by_role("radio", name="Confirmed", exact=False).first.check()
    page.get_by_role("radio", name="Call back").check()
    press(page, page.get_by_role("button", name="Record the answer"))
    page.get_by_role("alert").get_by_role("link", name="How sure it is").click()
    assert page.get_by_role("radio", name="Call back").is_checked()
    page.get_by_role("radio", name="Substantial").check()
    press(page, page.get_by_role("button", name="Record the answer"))
    assert page.get_by_role("heading", name="Recorded").is_visible()
    assert page.get_by_role("link", name=f"{request}.1").is_visible()
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
    assert another.value.get_by_role("heading", name="Open questions").is_visible()
    page.context.close()
