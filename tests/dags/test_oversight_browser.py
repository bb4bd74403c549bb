"""The data protection officer's advice and the destruction of a key, each on its page, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.support.browsing import keep, must_fit_and_be_accessible, opened
from tests.support.moves import moved
from tests.support.nightly import nightly_after
from tests.support.pages import Desk, follow, press

from afschrift.domain.state import State

pytestmark = [pytest.mark.airflow, pytest.mark.needs_program("chromium")]

ADVICE = "Vraag eerst welke gegevens zij zoekt. Kanariezin."
SIZES: list[dict[str, Any]] = [
    {"viewport": {"width": 390, "height": 900}, "color_scheme": "dark", "locale": "nl-NL"},
    {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "locale": "nl-NL"},
]


@pytest.mark.parametrize("size", nightly_after(1, SIZES), ids=["390", "1280"])
def test_advice_is_quoted_and_a_key_is_destroyed_by_two(
    browser: Browser, desk: Desk, address: str, size: dict[str, Any]
) -> None:
    request, question = desk.decision("access")
    width = size["viewport"]["width"]

    def on(user: str, path: str) -> Any:
        page = opened(browser, address, user, **size)
        follow(page, address, path)
        must_fit_and_be_accessible(page, width, path)
        keep(page, f"{user}-{path.replace('/', '_').partition('?')[0]}-{width}")
        return page

    page = on("dirk", f"/requests/{request}/do/advise")
    page.get_by_label("Uw advies").fill(ADVICE)
    press(page, page.get_by_role("button").last)
    assert page.get_by_text("neemt het over").first.is_visible()
    page = on("anna", f"/questions/{question}?choice=refuse&ground=manifestly_excessive")
    assert page.get_by_text(ADVICE).is_visible()
    page.get_by_label("Advies van de FG").fill("Eens.")
    press(page, page.get_by_role("button").last)
    page.get_by_role("alert").get_by_text("laat dit leeg").wait_for()
    keep(page, f"anna-advice-{width}")

    moved(desk.register, request, State.WITHDRAWN)
    page = on("anna", f"/requests/{request}/do/destroy")
    page.get_by_label("het is per vergissing ingevoerd", exact=False).check()
    press(page, page.get_by_role("button").last)
    page = on("sam", f"/requests/{request}/do/sign-destruction")
    page.get_by_label("Voorstel van Anna", exact=False).check()
    press(page, page.get_by_role("button").last)
    keep(page, f"sam-done-{width}")
    assert not desk.register.data_keys.has(request)


@pytest.mark.parametrize("size", nightly_after(1, SIZES), ids=["390", "1280"])
def test_a_policy_is_signed_by_two_with_few_clicks(
    browser: Browser, desk: Desk, address: str, size: dict[str, Any]
) -> None:
    def on(user: str, *names: str) -> Any:
        page = opened(browser, address, user, **size)
        page.goto(f"{address}/")
        for name in names:
            keep(page, f"policy-{user}-{size['viewport']['width']}")
            press(page, page.get_by_role("link", name=name).first)
            must_fit_and_be_accessible(page, size["viewport"]["width"], name)
        keep(page, f"policy-form-{user}-{size['viewport']['width']}")
        return page

    for user, lead in (("anna", "Beleid"), ("sam", "wacht op uw handtekening")):
        page = on(user, lead, "een bron zegge")
        if user == "sam":
            page.get_by_label("Ja: ").check()
        press(page, page.get_by_role("button").last)
        keep(page, f"policies-{user}-{size['viewport']['width']}")
        assert page.get_by_text("Vastgelegd: ").is_visible()
    lifted = desk.register.evidence.of_types(None, "denial_policy")[-1][1] or {}
    assert lifted["act"] == "signed"
