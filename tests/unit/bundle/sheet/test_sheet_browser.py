"""The information sheet in a real browser: whole, inert, readable on a phone, in the dark and by a screen reader."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from tests.unit.bundle.bundle_example import ROOT, Example

from afschrift.domain.right import Right


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_sheet_is_accessible_inert_and_fits(
    browser: Browser, language: str, width: int, scheme: Literal["dark", "light"], tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(Example(Right.ACCESS, language).zip())) as archive:
        archive.extractall(tmp_path)
    url = (tmp_path / ROOT / "data" / "information.html").as_uri()
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("console", lambda message: asked.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.wait_for_load_state("networkidle")
    assert asked == [url]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    context.close()


def test_the_sheet_works_without_javascript(browser: Browser, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(Example(Right.ACCESS, "nl").zip())) as archive:
        archive.extractall(tmp_path)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / ROOT / "index.html").as_uri())
    page.get_by_role("link", name="wie krijgt ze").click()
    assert page.get_by_role("heading", name="Wie krijgt deze gegevens?").is_visible()
    assert page.get_by_text("Pakketpost B.V.").first.is_visible()
    page.get_by_role("link", name="Naar uw gegevens").click()
    assert page.url.endswith("index.html")
    context.close()
