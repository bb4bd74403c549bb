"""A keeper's search in a browser: the neighbour's number stops at the review, the rest of the mail is sent."""

from base64 import b64decode
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from testbed.running import drive, members
from testbed.small import SHOP
from tests.support.browsing import keep, must_fit_and_be_accessible, opened, served
from tests.support.manual import add_systems, system, waits
from tests.support.pages import ROLES, follow, press
from tests.support.reviewing import BALANCE, Reviewers

pytestmark = [pytest.mark.airflow, pytest.mark.needs_program("chromium")]
NUMBER = "06-12345678"
PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BODY = f"Mijn buurman is er wel, bel hem op {NUMBER}. Groet, Ann"


@pytest.fixture
def reviewers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviewers:
    made = Reviewers.set_up(tmp_path, monkeypatch, "flagged")
    (tmp_path / "home" / "roles.yml").write_text(ROLES, encoding="utf-8")
    add_systems(tmp_path / "inventory", system("mail", "mailbox"))
    made.bureau.execute("UPDATE ticket_message SET body = 'help' WHERE id = 1")
    made.bureau.describe(
        SHOP.replace("name: {origin: provided}", "name: {origin: provided, category: user.name}")
    )
    return made


def record(page: Page) -> None:
    press(page, page.get_by_role("button", name="Record"))
    assert page.get_by_role("heading", name="Recorded").is_visible()


def test_keepers_search_is_reviewed_and_the_rest_reaches_the_person(
    browser: Browser, reviewers: Reviewers, app: Any, tmp_path: Path
) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Ann <ann@example.org>", "Pakket"
    mail.set_content(BODY)
    (tmp_path / "post.eml").write_bytes(mail.as_bytes())
    request = reviewers.store()
    search = waits(reviewers.services, request)["mail"]
    with served(app) as address:
        kim = opened(browser, address, "kim", viewport={"width": 1280, "height": 900})
        follow(kim, f"{address}/afschrift", f"/questions/{search}")
        with kim.context.expect_page() as another:
            kim.get_by_role("button", name="Show by which data of the person to search").click()
        keys = another.value
        assert keys.locator("dd").all_inner_texts() == ["1", "ann@example.org", "Ann"]
        must_fit_and_be_accessible(keys, 1280)
        keep(keys, "search_by")
        kim.get_by_role("radio", name="Files were found").check()
        (tmp_path / "foto.png").write_bytes(PICTURE)
        kim.locator("#f-files").set_input_files([tmp_path / "post.eml", tmp_path / "foto.png"])
        record(kim)
        review = reviewers.asked(request)

        anna = opened(browser, address, "anna", viewport={"width": 1280, "height": 900})
        follow(anna, f"{address}/afschrift", f"/review/{request}")
        must_fit_and_be_accessible(anna, 1280, scrolls=True)
        keep(anna, "found_mail")
        press(anna, anna.get_by_role("link", name="Begin judging: Files that were found"))
        with anna.context.expect_page() as another:
            anna.get_by_role("button", name="Open the file").first.click()
        opened_file = another.value
        opened_file.wait_for_load_state()
        assert NUMBER in opened_file.frames[1].locator("main").inner_text()
        assert opened_file.locator("iframe[sandbox='']").count() == 1
        keep(opened_file, "found_file")
        opened_file.close()
        with anna.context.expect_page() as another:
            anna.get_by_role("button", name="Open the file").last.click()
        picture = another.value
        picture.wait_for_load_state()
        assert picture.frames[1].locator("img").evaluate("img => img.naturalWidth") == 1
        picture.get_by_label("Ground on which the file is left out").select_option("rights_of_others")
        press(picture, picture.get_by_role("button", name="Leave the file out"))
        assert picture.get_by_label("Leave out the file “foto.png”").is_checked()
        picture.close()
        anna.reload()
        anna.get_by_role("checkbox", name=NUMBER).check()
        anna.get_by_label("Ground for what is masked here").select_option(label="Rights of others")
        must_fit_and_be_accessible(anna, 1280)
        keep(anna, "found_mail_table")
        press(anna, anna.get_by_role("button", name="Keep and go on"))
        anna.get_by_role("radio", name="Privacy").check()
        for name, text in BALANCE.items():
            anna.locator(f"id=f-rights_of_others.{name}").fill(text)
        record(anna)
        assert reviewers.asked(request).id != review.id
        follow(anna, f"{address}/afschrift", f"/review/{request}")
        assert anna.get_by_text(NUMBER).count() == 0
        anna.get_by_role("radio", name="It may go").check()
        record(anna)
    found = members(drive(reviewers.services, request))
    sent = message_from_bytes(found["data/files/mail/000001.eml"], policy=default)
    assert sent.get_content().strip() == BODY.replace(NUMBER, "[masked]")
    assert (sent["From"], sent["Subject"]) == ("Ann <ann@example.org>", "Pakket")
    assert "data/files/mail/000002.png" not in found
    assert not [path for path, content in found.items() if NUMBER.encode() in content]
    page = opened(browser, "http://127.0.0.1", viewport={"width": 1280, "height": 900})
    page.set_content(found["index.html"].decode())
    assert "bestand 1 in ‘Postbus’: 1 keer." in page.content()
    keep(page, "page_of_the_person")
