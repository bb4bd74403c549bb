"""The pages in Chromium, on a phone and on a desktop, behind the nginx of deploy/."""

import socket
import ssl
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Page
from tests.support.browsing import keep, must_fit_and_be_accessible
from tests.support.nightly import nightly_after
from tests.support.portal import CODE, Portal, Sealed, bundle

pytestmark = [pytest.mark.server, pytest.mark.needs_program("chromium"), pytest.mark.needs_program("nginx")]
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def visited(browser: Browser, **context: Any) -> Page:
    given = {
        "locale": "nl-NL",
        "ignore_https_errors": True,
        "accept_downloads": True,
        "java_script_enabled": True,
    }
    return browser.new_context(**given, **context).new_page()


@pytest.mark.parametrize(
    ("device", "colours"),
    nightly_after(2, [(PHONE, "light"), (DESKTOP, "dark"), (PHONE, "dark"), (DESKTOP, "light")]),
)
def test_person_fetches_file_and_says_so(
    behind_nginx: tuple[Portal, str], browser: Browser, device: dict[str, Any], colours: str
) -> None:
    portal, public = behind_nginx
    sealed = portal.put(Sealed(bundle()))
    page = visited(browser, color_scheme=colours, **device)
    width, name = device["viewport"]["width"], f"portal-{device['viewport']['width']}-{colours}"

    def look(where: str) -> None:
        must_fit_and_be_accessible(page, width, where)
        keep(page, f"{name}-{where}")

    begun = time.monotonic()
    page.goto(f"{public}/o/{sealed.link}")
    look("code")
    page.get_by_label("Uw code").fill("anker brood cello")
    page.get_by_role("button", name="Openen").click()
    assert page.get_by_label("Uw code").input_value() == "anker brood cello"
    look("fault")
    page.get_by_label("Uw code").fill(CODE)
    page.get_by_role("button", name="Openen").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Uw gegevens staan klaar"
    look("open")
    with page.expect_download() as download:
        page.get_by_role("link", name="Downloaden").click()
    assert Path(download.value.path()).read_bytes() == sealed.plain
    assert download.value.suggested_filename == "afschrift-z-2026-0042.zip"
    page.get_by_role("link", name="Lees het overzicht").click()
    assert page.get_by_role("heading").inner_text() == "Overzicht"
    assert page.title() == "Overzicht"  # its script did not run
    page.go_back()
    page.get_by_role("button", name="Ik heb het").click()
    assert page.get_by_role("status").is_visible()
    look("received")
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Your data are ready"
    assert time.monotonic() - begun < 60
    assert sorted(row["kind"] for row in portal.receipts(sealed, 2)) == ["confirmed", "fetched"]
    page.context.close()


def test_everything_is_reached_by_keyboard(behind_nginx: tuple[Portal, str], browser: Browser) -> None:
    portal, public = behind_nginx
    sealed = portal.put(Sealed(bundle()))
    page = visited(browser, **DESKTOP)
    page.goto(f"{public}/o/{sealed.link}")
    presses = 0

    def tab_to(text: str) -> None:
        nonlocal presses
        for _ in range(20):
            page.keyboard.press("Tab")
            presses += 1
            focused = page.evaluate("document.activeElement.innerText || document.activeElement.name")
            if text in focused:
                return
        raise AssertionError(text)

    tab_to("code")
    page.keyboard.type(CODE)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Uw gegevens staan klaar")
    tab_to("Downloaden")
    with page.expect_download():
        page.keyboard.press("Enter")
    tab_to("Ik heb het")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    tab_to("Hoe bewaar ik")
    page.keyboard.press("Enter")
    assert page.get_by_text("niet meer versleuteld").is_visible()
    assert presses <= 25
    page.context.close()


def test_previews_and_strangers_change_nothing(behind_nginx: tuple[Portal, str]) -> None:
    portal, public = behind_nginx
    sealed = portal.put(Sealed(bundle()))
    with httpx.Client(base_url=public, verify=False, trust_env=False) as client:
        for _ in range(30):  # a scanner of mail that opens every link
            client.head(f"/o/{sealed.link}")
            client.get(f"/o/{sealed.link}")
            client.get(f"/o/{sealed.link}/bundle")
        codes = [client.post(f"/o/{sealed.link}", data={"code": "een twee"}).status_code for _ in range(25)]
        assert codes[:5] == [422] * 5  # the other tests of this file sent some
        assert codes[-1] == 429
        assert client.get("/deliveries").status_code == client.get("/health").status_code == 404
        assert portal.process is not None
        held = len(psutil.Process(portal.process.pid).net_connections())
        slow = f"POST /o/{sealed.link} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ncode=".encode()
        with ssl._create_unverified_context().wrap_socket(
            socket.create_connection(("127.0.0.1", int(public.rpartition(":")[2])))
        ) as connection:
            connection.sendall(slow)
            time.sleep(0.5)
            assert (
                len(psutil.Process(portal.process.pid).net_connections()) <= held
            )  # nginx waits for the rest
        page = client.get(f"/o/{sealed.link}")
        assert len(page.content) + len(client.get("/page.css").content) <= 60_000
        for header, value in (
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            assert page.headers[header] == value
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    with portal.client(inner=True) as inner:
        assert inner.get(f"/deliveries/{sealed.delivery}").json()["downloads"] == 0
    assert portal.receipts(sealed) == []
