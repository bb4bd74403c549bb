"""The plain pages in a real browser: readable on a phone and in the dark, by a screen reader, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser
from tests.airflow_support import AirflowEnv, api_server, log_in
from tests.support.browsing import must_fit_and_be_accessible, opened
from tests.support.installed import CUSTOMERS, Installation, installed
from tests.support.nightly import nightly_after
from tests.support.pages import asked_decision, asked_identity, asked_manual, follow, prepare, press
from tests.support.served import served

pytestmark = [pytest.mark.airflow, pytest.mark.needs_program("chromium")]

TEXT = "Kanariezin over de vrouw op de groene fiets"
WIDTHS = nightly_after(1, [(360, "light"), (1280, "light"), (1280, "dark")])


@dataclass(frozen=True)
class ServedPages:
    """A served Airflow with a question of each looks.

    Attributes:
        address: of the pages.
        decision: id of its question; likewise the others.
    """

    installation: Installation
    address: str
    identity: str
    decision: str
    manual: str
    request: str


@pytest.fixture(scope="module")
def pages(
    airflow_env: AirflowEnv, demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedPages]:
    with installed(demo_warehouse, tmp_path_factory.mktemp("desk")) as made, api_server() as app:
        prepare(made)
        request, identity = asked_identity(made, CUSTOMERS[0])
        _, decision = asked_decision(made, CUSTOMERS[1])
        _, manual = asked_manual(made, CUSTOMERS[2])
        with served(app) as address:
            yield ServedPages(made, f"{address}/afschrift", identity, decision, manual, request)


@pytest.mark.parametrize(
    ("width", "scheme"),
    nightly_after(2, [(1280, "light"), (360, "dark"), (1280, "dark"), (900, "light"), (360, "light")]),
)
def test_pages_are_accessible_and_fit(
    browser: Browser, pages: ServedPages, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = opened(browser, pages.address, viewport={"width": width, "height": 900}, color_scheme=scheme)
    faults: list[str] = []  # what the page's policy kept out, or another fault
    page.on("console", lambda message: faults.append(message.text))
    ground = f"/questions/{pages.decision}?choice=refuse_part&ground=rights_of_others"
    for path in ("/", f"/questions/{pages.identity}", f"/questions/{pages.decision}", ground,
                 f"/questions/{pages.manual}", f"/requests/{pages.request}"):  # fmt: skip
        follow(page, pages.address, path)
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
    browser: Browser, pages: ServedPages, width: int, scheme: Literal["light", "dark"]
) -> None:
    from afschrift.steps.read_identifying import look_up

    request, question = asked_identity(pages.installation, CUSTOMERS[5])
    page = opened(
        browser,
        pages.address,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=False,
    )
    follow(page, pages.address, f"/questions/{question}")
    press(page, page.get_by_role("button", name="Look up whose they are"))
    assert page.get_by_text(f"Run {request}.1 looks.").is_visible()
    look_up(pages.installation.services, request)
    page.reload()
    assert page.get_by_text(f"Run {request}.1 looks.").count() == 0
    assert page.get_by_role("heading", name="Account", exact=True).is_visible()
    with page.context.expect_page() as another:
        page.get_by_role("button", name="Show it all beside the message").click()
    shown = another.value
    assert shown.get_by_text("Please send me my data.").is_visible()
    press(page, page.get_by_role("link", name="Correct or add keys"))
    page.get_by_label("Customer number").fill("4711")
    press(page, page.get_by_role("button", name="Change the keys"))
    assert page.get_by_text("customer_id corrected").is_visible()
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_pages_of_found_keys_are_accessible_and_fit(
    browser: Browser, pages: ServedPages, width: int, scheme: Literal["light", "dark"]
) -> None:
    from afschrift.app.roles_file import load_roles
    from afschrift.casework.identity.look_up import ask_look_up
    from afschrift.casework.officer import Officer
    from afschrift.steps.read_identifying import look_up

    request, question = asked_identity(pages.installation, CUSTOMERS[6])
    services = pages.installation.services
    ask_look_up(Officer(services.register, load_roles(), "cli:anna"), request)
    look_up(services, request)
    page = opened(browser, pages.address, viewport={"width": width, "height": 900}, color_scheme=scheme)
    follow(page, pages.address, f"/questions/{question}")
    with page.context.expect_page() as another:
        page.get_by_role("button", name="Show it all beside the message").click()
    keys = page.context.new_page()
    follow(keys, pages.address, f"/questions/{question}/keys")
    for target in (page, another.value, keys):
        must_fit_and_be_accessible(target, width, target.url)
    page.context.close()


def test_question_is_answered_without_scripts(browser: Browser, pages: ServedPages) -> None:
    request, question = asked_identity(pages.installation, CUSTOMERS[3])
    page = opened(browser, pages.address, java_script_enabled=False)
    page.goto(f"{pages.address}/")
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
    [decision] = pages.installation.services.register.decisions.of(request)
    assert (decision.by, decision.detail["level"]) == ("airflow:anna", "substantial")
    page.context.close()


def test_expired_log_in_loses_no_text(browser: Browser, pages: ServedPages) -> None:
    _, question = asked_decision(pages.installation, CUSTOMERS[4])
    page = opened(browser, pages.address)
    follow(page, pages.address, f"/questions/{question}?choice=extend&ground=complexity")
    page.get_by_label("The concrete facts").fill(TEXT)
    page.context.add_cookies([{"name": "_token", "value": log_in("anna", "op"), "url": pages.address}])
    press(page, page.get_by_role("button", name="Record"))
    assert "Your log-in was renewed" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("The concrete facts").input_value() == TEXT
    page.context.close()


def test_airflow_links_to_the_pages(browser: Browser, pages: ServedPages) -> None:
    page = opened(browser, pages.address)
    page.goto(pages.address.removesuffix("afschrift"))
    page.get_by_text("Browse", exact=True).click()
    with page.context.expect_page() as another:
        page.get_by_role("menuitem", name="Afschrift").click()
    assert another.value.url == f"{pages.address}/"
    assert another.value.get_by_role("heading", name="Open questions").is_visible()
    page.context.close()
