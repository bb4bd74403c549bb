"""The letters in a real browser, on paper's width and a phone's."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.support.letter_samples import sample
from tests.support.nightly import nightly_after

from afschrift.letters.kinds import KINDS


@pytest.mark.parametrize(("language", "width"), nightly_after(1, [("nl", 360), ("en", 900)]))
def test_nothing_runs_nothing_is_fetched_and_nothing_sticks_out(
    browser: Browser, language: str, width: int, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    events: list[str] = []
    page.on("dialog", lambda dialog: (events.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: events.append(request.url))
    hostile = "<img src=http://127.0.0.1:9/x onerror=alert(1)><script>alert(2)</script>" + "W" * 100
    for kind in KINDS.values():
        text = {e.name: hostile for e in kind.asked if e.form.value in ("line", "text")}
        file = tmp_path / f"{kind.name}.html"
        file.write_text(sample(kind.name, language, **text).html, encoding="utf-8")
        events.clear()
        page.goto(file.as_uri())
        assert events == [file.as_uri()], kind.name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, kind.name
        assert page.get_by_role("heading", level=1).is_visible()
    page.close()
