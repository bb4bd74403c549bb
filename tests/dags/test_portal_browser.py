"""From an officer's click to the person's file, on a phone, with a portal of its own."""

import hashlib
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.contract.test_portal_destination import options
from tests.support.browsing import keep, must_fit_and_be_accessible, opened
from tests.support.command_line import run_command
from tests.support.moves import moved
from tests.support.pages import Desk, follow, press
from tests.support.portal import Portal, bundle, running

from afschrift.domain.files import Announcement, ShowsBundles
from afschrift.domain.state import State
from afschrift.encryption.portal_file import Portal as Cipher
from afschrift.encryption.secret import draw_with_link
from afschrift.register.deliveries import DeliveryRow

pytestmark = [pytest.mark.airflow, pytest.mark.server, pytest.mark.needs_program("chromium")]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("portal")
    with (
        running(folder, organisation="Webwinkel Zonnebloem") as started,
        pytest.MonkeyPatch.context() as patch,
    ):
        file = folder / "options.json"
        file.touch(0o600)
        file.write_text(json.dumps({**options(started), "public": started.outer, "secret_by": "phone"}))
        patch.setenv("AFSCHRIFT_DESTINATION_PORTAL_OPTIONS", str(file))
        yield started


def delivered(desk: Desk, plain: bytes) -> DeliveryRow:
    """What the step `deliver` leaves."""
    request, secret, sink = (
        desk.submit(desk.customers.pop(), "access", language="nl"),
        draw_with_link("nl"),
        io.BytesIO(),
    )
    for state in (State.ACCEPTED, State.DELIVERED):
        moved(desk.register, request, state)
    deliveries, name, place = (
        desk.register.deliveries,
        f"{request}-access.zip",
        desk.services.destination("portal"),
    )
    digest = hashlib.sha256(plain).hexdigest()
    begun = deliveries.begin(request, "portal", name, digest, encryption="portal", secret=secret)
    Cipher().encrypt(io.BytesIO(plain), len(plain), sink, secret)
    until, content = datetime.now(UTC) + timedelta(days=30), sink.getvalue()
    facts = {
        "controller": "Webwinkel Zonnebloem B.V.",
        "contact": "020 555 01 23",
        "case": request,
        "right": "access",
    }
    facts |= {"state_of": "2026-11-30", "part": "supplement", "verify": "4f1c 22aa"}
    assert isinstance(place, ShowsBundles)
    place.announce(name, Announcement(len(content), "nl", until, facts))
    return deliveries.arrive(begun.id, place.deliver(name, iter([content])), None, until)


def shown(page: Page, address: str, row: DeliveryRow, name: str) -> None:
    follow(page, address, f"/requests/{row.request}")
    press(page, page.get_by_role("link", name=name).first)
    press(page, page.get_by_role("button", name=name))


def test_person_fetches_by_what_an_officer_reads_out(
    browser: Browser, desk: Desk, address: str, portal: Portal, tmp_path: Path
) -> None:
    plain = bundle()
    row = delivered(desk, plain)
    officer = opened(browser, address, viewport={"width": 1280, "height": 900}, locale="nl-NL")
    shown(officer, address, row, "De link tonen")
    must_fit_and_be_accessible(officer, 1280, "link")
    keep(officer, "portal-link-1280")
    link = officer.locator("p.whole").inner_text().strip()
    assert link.startswith(f"{portal.outer}/o/") and link.rpartition("/")[2] not in officer.url
    shown(officer, address, row, "De woorden tonen")
    words = " ".join(officer.locator("main ol li").all_inner_texts())
    assert len(words.split()) == 6

    begun = time.monotonic()
    given = {"locale": "nl-NL", "ignore_https_errors": True, "accept_downloads": True}
    person = browser.new_context(**given, **PHONE).new_page()
    person.goto(link)
    person.get_by_label("Uw code").fill(words)
    person.get_by_role("button", name="Openen").click()
    must_fit_and_be_accessible(person, 390, "open")
    keep(person, "portal-open-390")
    assert person.get_by_text(row.request).first.is_visible()
    assert time.monotonic() - begun < 60  # and three steps: the link, the words, the button
    with person.expect_download() as download:
        person.get_by_role("link", name="Downloaden").click()
    file = tmp_path / "bundle.zip"
    download.value.save_as(file)
    assert (download.value.suggested_filename, file.read_bytes()) == (row.name, plain)
    person.get_by_role("button", name="Ik heb het").click()
    keep(person, "portal-received-390")

    events = ["delivery_fetched", "delivery_confirmed"]
    for _ in range(50):
        run_command("sweep")
        kinds = [kind for kind, _ in desk.events(row.request)]
        if all(kind in kinds for kind in events):
            break
        time.sleep(0.1)
    assert [kind for kind in kinds if kind in events] == events
    assert {"link_shown", "secret_shown", "bundle_removed", "secret_destroyed"} <= set(kinds)
    assert link.rpartition("/")[2] not in repr(desk.events(row.request))
    follow(officer, address, f"/requests/{row.request}")
    keep(officer, "portal-done-1280")
    assert officer.get_by_text("Verwijderd bij portal").is_visible()
    assert officer.get_by_text("Het is gedownload op").is_visible()
    person.goto(link)
    person.get_by_label("Uw code").fill(words)
    person.get_by_role("button", name="Openen").click()
    assert person.get_by_role("link", name="Downloaden").count() == 0
    keep(person, "portal-over-390")
