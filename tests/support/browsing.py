"""Pages in a real browser: a user who is logged in, and what each page must keep."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from tests.airflow_support import log_in

STICKS_OUT = """
    [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth)
        .map(e => e.outerHTML.slice(0, 80))
"""


def opened(browser: Browser, address: str, user: str = "anna", **context: Any) -> Page:
    made = browser.new_context(**context)
    made.add_cookies([{"name": "_token", "value": log_in(user), "url": address}])
    return made.new_page()


def must_fit_and_be_accessible(page: Page, width: int, where: str = "", *, scrolls: bool = False) -> None:
    """Nothing sticks out, and axe finds no violation; `scrolls`: a part of the page may be wider than it shows."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width, where
    assert scrolls or page.evaluate(STICKS_OUT) == [], where
    found = Axe().run(page).response["violations"]
    assert [(where, v["id"], v["nodes"][0]["html"]) for v in found] == []


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("PAGE_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@contextmanager
def served(app: Any, **config: Any) -> Iterator[str]:
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning", **config))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            for _ in range(500):
                if server.started:
                    break
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
