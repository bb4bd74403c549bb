"""Making and reading a letter in a real browser, in Dutch: shown within its frame, and accessible."""

from typing import Literal

import pytest
from playwright.sync_api import Browser
from tests.support.browsing import must_fit_and_be_accessible, opened
from tests.support.nightly import nightly_after
from tests.support.pages import Desk, follow, press

pytestmark = [pytest.mark.airflow, pytest.mark.needs_program("chromium")]
SIZES = nightly_after(1, [(390, "dark"), (1280, "light"), (1280, "dark"), (390, "light")])


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_a_letter_is_shown_as_it_goes_out_then_made_and_read(
    browser: Browser, desk: Desk, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    request, _ = desk.identity()
    size = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "locale": "nl-NL"}
    page = opened(browser, address, **size)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    follow(page, address, f"/requests/{request}/do/letter")
    must_fit_and_be_accessible(page, width, "kinds")
    press(page, page.get_by_role("link", name="Vraag wie u bent"))
    must_fit_and_be_accessible(page, width, "form")
    page.get_by_label("Waarom niet zeker is wie het vraagt").fill("Wij kennen dit adres niet.")
    page.get_by_label("Balie").check()
    press(page, page.get_by_role("button", name="Bekijken zoals de brief uitgaat"))
    letter = page.frame_locator("iframe")
    assert letter.get_by_text("Wij kennen dit adres niet.").is_visible()
    assert (
        letter.locator(".letter").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    )
    must_fit_and_be_accessible(page, width, "preview")
    press(page, page.get_by_role("button", name="Maken"))
    must_fit_and_be_accessible(page, width, "request")
    press(page, page.get_by_role("button", name="Lezen").last)
    assert page.frame_locator("iframe").get_by_text("Wij kennen dit adres niet.").is_visible()
    must_fit_and_be_accessible(page, width, "letter")
    assert faults == []
    page.context.close()
