"""The page in a real browser: inert, without network, readable on a phone and without JavaScript."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.unit.bundle.bundle_example import ROOT, Example

from afschrift.domain.right import Right


def opened(right: Right, language: str, folder: Path) -> str:
    with zipfile.ZipFile(io.BytesIO(Example(right, language).zip())) as archive:
        archive.extractall(folder)
    return (folder / ROOT / "index.html").as_uri()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(("right", "language"), [(Right.ACCESS, "nl"), (Right.PORTABILITY, "en")])
def test_nothing_runs_nothing_is_fetched_and_nothing_sticks_out(
    browser: Browser, right: Right, language: str, width: int, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    events: list[str] = []
    page.on("console", lambda message: events.append(message.text))
    page.on("dialog", lambda dialog: (events.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: events.append(request.url))
    url = opened(right, language, tmp_path)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    assert events == [url]
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_text_is_there_without_javascript(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(opened(Right.ACCESS, "nl", tmp_path))
    assert page.get_by_role("heading", name="Is dit alles?").is_visible()
    assert page.get_by_text("Alle 7 rijen van ‘Bestellingen’.").is_visible()
    page.get_by_text("Wat betekenen de kolommen? (5)").first.click()
    assert page.get_by_text("Hoog betekent: minder risico.").is_visible()
    context.close()


def test_the_links_open_the_files(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(opened(Right.ACCESS, "en", tmp_path))
    page.get_by_role("link", name="README.txt").click()
    assert "START HERE" in page.inner_text("body")
    page.close()
