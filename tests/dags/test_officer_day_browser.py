"""A request from the e-mail to its closing in the browser, in Dutch, each by a person of the role for it."""

from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from testbed.running import drive, members
from tests.support.browsing import keep, must_fit_and_be_accessible, opened, served
from tests.support.days import local_today
from tests.support.mail_server import Server, mail_file, serving
from tests.support.pages import ROLES, press
from tests.support.reviewing import BALANCE, NEIGHBOUR, Reviewers

from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.steps.close import close

pytestmark = [pytest.mark.airflow, pytest.mark.needs_program("chromium")]
WIDTH = 1280


@pytest.fixture
def post() -> Iterator[tuple[Server, str]]:
    with serving() as found:
        yield found


def mail(folder: Path) -> Path:
    message = EmailMessage()
    message["From"], message["To"] = "Ann Canarie <ann@example.org>", "privacy@example.org"
    message["Date"], message["Subject"] = format_datetime(utc_now()), "Inzage"
    message.set_content("Graag ontvang ik alle gegevens die u over mij heeft. Groet, Ann")
    (folder / "verzoek.eml").write_bytes(message.as_bytes())
    return folder / "verzoek.eml"


def look(page: Page, name: str) -> None:
    keep(page, name)
    must_fit_and_be_accessible(page, WIDTH, name, scrolls=True)


def test_from_the_e_mail_to_closing_without_a_terminal(
    browser: Browser, app: Any, post: tuple[Server, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_MAIL", str(mail_file(tmp_path, post[1])))
    reviewers = Reviewers.set_up(tmp_path, monkeypatch)
    (tmp_path / "home" / "roles.yml").write_text(ROLES, encoding="utf-8")
    size = {"viewport": {"width": WIDTH, "height": 900}, "locale": "nl-NL"}
    with served(app) as address:
        first = f"{address}/afschrift/"
        ivo = opened(browser, address, "ivo", **size)
        ivo.goto(first)
        press(ivo, ivo.get_by_role("link", name="Nieuw verzoek"))
        ivo.locator("#file").set_input_files(mail(tmp_path))
        press(ivo, ivo.get_by_role("button", name="Lezen"))
        assert ivo.get_by_label("E-mailadres").first.input_value() == "ann@example.org"
        look(ivo, "day_1_new")
        ivo.get_by_label("Ik heb afzender, dag en tekst vergeleken").check()
        ivo.get_by_role("group", name="Zit er een kopie").get_by_label("Nee").check()
        ivo.get_by_label("De gegevens inzien (artikel 15)").check()
        ivo.get_by_label("customer id").fill("1")
        press(ivo, ivo.get_by_role("button", name="Het verzoek opslaan"))
        look(ivo, "day_2_stored")
        [stored] = reviewers.bureau.register.requests.all()
        request = stored.id
        reviewers.asked(request, "identity")

        anna = opened(browser, address, "anna", **size)
        anna.goto(first)
        look(anna, "day_3_today")
        press(anna, anna.get_by_role("link", name="Wie vraagt"))
        anna.get_by_role("radio", name="Bevestigd").first.check()
        anna.get_by_role("radio", name="Terugbellen").check()
        anna.get_by_role("radio", name="Substantieel").check()
        press(anna, anna.get_by_role("button", name="Het antwoord vastleggen"))

        press(anna, anna.get_by_role("link", name=request).first)
        press(anna, anna.get_by_role("link", name="Ontvangstbevestiging").first)
        press(anna, anna.get_by_role("button", name="Bekijken zoals de brief uitgaat"))
        look(anna, "day_4_letter")
        press(anna, anna.get_by_role("button", name="Maken en per e-mail verzenden"))
        [(_, to, letter)] = post[0].messages
        assert (to, b"Wij hebben uw bericht ontvangen" in letter) == ("ann@example.org", True)

        reviewers.asked(request)
        anna.goto(first)
        press(anna, anna.get_by_role("link", name="Beoordeling van de bundel"))
        press(anna, anna.get_by_role("link", name="shop.ticket_message"))
        look(anna, "day_5_table")
        anna.get_by_label("Grond voor wat hier onleesbaar wordt").select_option(label="Rechten van anderen")
        anna.get_by_text("Iets anders in deze tabel onleesbaar maken").click()
        anna.get_by_label("Woorden die onleesbaar worden").fill(NEIGHBOUR)
        press(anna, anna.get_by_role("button", name="Bewaren, dan alle tabellen"))
        look(anna, "day_6_review")
        anna.get_by_role("radio", name="Privacy").check()
        for name, text in BALANCE.items():
            anna.locator(f"id=f-rights_of_others.{name}").fill(text)
        press(anna, anna.get_by_role("button", name="Het antwoord vastleggen"))
        reviewers.asked(request)
        anna.goto(first)
        press(anna, anna.get_by_role("link", name="Beoordeling van de bundel"))
        anna.get_by_role("radio", name="Het mag weg").check()
        press(anna, anna.get_by_role("button", name="Het antwoord vastleggen"))
        sent = members(drive(reviewers.services, request))
        assert not [name for name, content in sent.items() if NEIGHBOUR.encode() in content]

        anna.goto(first)
        press(anna, anna.get_by_role("link", name="Het antwoord is klaar: informeer de persoon"))
        anna.get_by_role("radio", name="De persoon is geïnformeerd").check()
        anna.get_by_label("Dag waarop de persoon is geïnformeerd").fill(local_today().isoformat())
        anna.get_by_role("radio", name="Persoonlijk overhandigd").check()
        anna.get_by_label("Kenmerk van het bewijs").fill("balie-0412")
        press(anna, anna.get_by_role("button", name="Het antwoord vastleggen"))
        press(anna, anna.get_by_role("link", name=request).first)
        close(reviewers.services, request)
        anna.reload()
        look(anna, "day_7_closed")
        assert "Dit verzoek is afgesloten." in anna.locator("main").inner_text()
        assert reviewers.bureau.state(request) is State.DELIVERED
