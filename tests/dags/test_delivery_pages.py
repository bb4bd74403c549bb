"""The section *Delivery* of a request: where it lies, taking the file, and the actions on it."""

from typing import Literal

import pytest
from playwright.sync_api import Browser
from tests.support.browsing import keep, must_fit_and_be_accessible, opened
from tests.support.nightly import nightly_after
from tests.support.pages import Desk, follow, press, text_of, token_of

pytestmark = pytest.mark.airflow
DUTCH = {"Accept-Language": "nl"}


def test_officer_takes_the_encrypted_file_and_acts_on_the_delivery(desk: Desk) -> None:
    row = desk.delivered()
    page = desk.browse("anna", f"/requests/{row.request}", headers=DUTCH).text
    assert "Ligt bij outbox" in page and "De woorden zijn nog niet gegeven." in page
    path = f"/deliveries/{row.id}/file"
    token = {"token": token_of(page, f'{path}"')}
    taken = desk.browse("anna", path, token)
    assert taken.status_code == 200, taken.text
    assert len(taken.content) == row.bytes
    assert row.name in taken.headers["content-disposition"]
    for user, given, status in (("anna", {"token": "forged"}, 403), ("ada", token, 403)):
        assert desk.browse(user, path, given).status_code == status
    assert [kind for kind, _ in desk.events(row.request)].count("delivery_taken") == 1

    assert desk.ask("ada", "GET", f"/requests/{row.request}/deliveries").json()["deliveries"][0]["lies"]
    assert desk.ask("ivo", "GET", f"/requests/{row.request}/deliveries").status_code == 403
    assert desk.ask("ada", "POST", f"/deliveries/{row.id}/revoke", json={}).status_code == 403
    wrong = desk.send("anna", f"/deliveries/{row.id}/do/misdelivered", {"f.known_at": "gisteren"})
    assert wrong.status_code == 422 and "gisteren" in wrong.text
    done = desk.send("anna", f"/deliveries/{row.id}/do/misdelivered", {"f.text": "Bij de buren."})
    assert done.status_code == 303 and "/questions/" in done.headers["location"]
    page = desk.browse("anna", f"/requests/{row.request}", headers=DUTCH).text
    assert "Verwijderd bij outbox" in page and "Opnieuw geven, met de gegevens van vandaag" in page
    gone = desk.browse("anna", path, token, headers=DUTCH)
    assert gone.status_code == 409 and "wordt niet meer bewaard" in text_of(gone.text)
    assert "een twee" not in repr(desk.events(row.request)) + page


@pytest.mark.needs_program("chromium")
@pytest.mark.parametrize(
    ("width", "scheme"), nightly_after(1, [(390, "light"), (1280, "light"), (1280, "dark")])
)
def test_delivery_in_a_browser(
    browser: Browser, desk: Desk, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    row = desk.delivered()
    size = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "locale": "nl-NL"}
    page = opened(browser, address, **size)
    follow(page, address, f"/requests/{row.request}")
    must_fit_and_be_accessible(page, width, "request")
    keep(page, f"delivery-{width}-{scheme}")
    press(page, page.get_by_role("link", name="De woorden tonen").first)
    press(page, page.get_by_role("button", name="De woorden tonen"))
    assert [item.text_content() for item in page.get_by_role("listitem").filter(has_text="e").all()][-2:] == [
        "een",
        "twee",
    ]
    assert "een" not in page.url
    must_fit_and_be_accessible(page, width, "words")
    keep(page, f"words-{width}-{scheme}")
    with page.context.expect_page() as sheet:
        page.get_by_role("button", name="Los openen").click()
    sheet.value.wait_for_load_state()
    assert sheet.value.get_by_role("heading", name="Uw zes woorden").is_visible()
    keep(sheet.value, f"words-sheet-{width}-{scheme}")
    sheet.value.close()
    press(page, page.get_by_role("link", name="Invoeren hoe de woorden gingen"))
    page.get_by_label("Telefoon", exact=True).check()
    press(page, page.get_by_role("button", name="Vastleggen"))
    assert page.get_by_text("De woorden zijn gegeven op").is_visible()
    press(page, page.get_by_role("link", name="Langer laten liggen").first)
    must_fit_and_be_accessible(page, width, "renew")
    press(page, page.get_by_role("button", name="Langer laten liggen"))
    assert page.get_by_text("Het ligt er tot en met").is_visible()
    press(page, page.get_by_role("link", name="Melden dat het bij een ander kwam").first)
    page.get_by_label("Wat er gebeurde").fill("Bij de buren.")
    keep(page, f"misdelivered-{width}-{scheme}")
    press(page, page.get_by_role("button", name="Vastleggen"))
    assert page.get_by_role("heading", name="Een mogelijk datalek").is_visible()
    must_fit_and_be_accessible(page, width, "breach")
    keep(page, f"breach-{width}-{scheme}")
    page.context.close()
