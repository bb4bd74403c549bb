"""What another site makes a browser ask: nothing of a case is shown, and no look is recorded."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.airflow_support import log_in
from tests.support.browsing import served
from tests.support.pages import Desk, press, text_of

pytestmark = pytest.mark.airflow

OPENED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FETCHED = (
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
)
SITES = ("cross-site", "same-site")


def _addresses(request: str, question: str) -> list[str]:
    """Each address of the application that answers GET, filled in with ids."""
    from fastapi.routing import APIRoute

    from afschrift.web.app import create

    routes = create(lambda *_: "", lambda *_: "").routes
    found = [route.path for route in routes if isinstance(route, APIRoute) and "GET" in route.methods]
    ids = {"question_id": question, "request_id": request, "request": request, "owner": request}
    ids["run_id"] = "manual"
    return [path.format_map(ids) for path in found]


def _events(desk: Desk) -> int:
    return len(desk.register.trail.events())


def test_link_from_another_site_shows_and_records_nothing(desk: Desk) -> None:
    request, question = desk.decision("access")
    addresses = _addresses(request, question)
    assert {"/", f"/requests/{request}", f"/review/{request}", f"/api/cases/{request}"} <= {*addresses}
    before = _events(desk)
    for path in addresses:
        for site in SITES:
            opened = desk.browse("anna", path, headers={"Sec-Fetch-Site": site, **OPENED})
            if path.startswith("/api/"):
                assert opened.status_code == 403, path
            else:
                assert (opened.status_code, request in text_of(opened.text)) == (200, False), path
                assert f'href="/afschrift{path}">Open this page</a>' in opened.text
            for how in FETCHED:
                refused = desk.browse("anna", path, headers={"Sec-Fetch-Site": site, **how})
                assert (refused.status_code, request in text_of(refused.text)) == (403, False), (path, how)
        foreign = desk.browse("anna", path, headers={"Origin": "https://elsewhere.example"})
        assert (foreign.status_code, request in text_of(foreign.text)) == (403, False), path
    assert _events(desk) == before


def test_typed_address_asks_for_a_click(desk: Desk) -> None:
    request, question = desk.identity()
    before = _events(desk)
    typed = {"Sec-Fetch-Site": "none", **OPENED}
    for path in (f"/questions/{question}?choice=denied", f"/requests/{request}", f"/review/{request}"):
        page = desk.browse("anna", path, headers=typed)
        assert (page.status_code, request in text_of(page.text)) == (200, False)
        assert f'href="/afschrift{path.partition("?")[0]}">Open this page</a>' in page.text
    assert desk.browse("anna", f"/api/cases/{request}", headers=typed).status_code == 403
    assert question in desk.browse("anna", "/", headers=typed).text  # a bookmark; the list is no look
    assert _events(desk) == before


def test_token_and_browser_without_fetch_headers_see_the_page(desk: Desk) -> None:
    request, question = desk.decision("access")
    token = {"Authorization": f"Bearer {log_in('anna')}", "Sec-Fetch-Site": "cross-site"}
    for path in (f"/api/requests/{request}", f"/api/questions/{question}/view"):
        assert desk.browse("anna", path, headers=token).status_code == 200
        assert desk.browse("anna", path).status_code == 200
    assert "question_viewed" in [kind for kind, _ in desk.events(request)]
    assert request in text_of(desk.browse("anna", f"/requests/{request}").text)


class _Strange(BaseHTTPRequestHandler):
    """A page of another site that asks for an address in every way that it has."""

    target = ""

    def do_GET(self) -> None:
        html = f"""<a href="{self.target}">read this</a><img src="{self.target}">
        <iframe src="{self.target}"></iframe>
        <script>fetch("{self.target}", {{credentials: "include", mode: "no-cors"}})
            .finally(() => document.title = "done")</script>"""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(html.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def _stranger(target: str) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Strange", (_Strange,), {"target": target}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.mark.needs_program("chromium")
@pytest.mark.parametrize(
    ("host", "refused"),
    # Across sites the browser keeps a Lax cookie back, and what is embedded is led to the log-in.
    [("127.0.0.1", 403), ("localhost", 303)],
    ids=["same site", "cross site"],
)
def test_link_takes_one_click_and_frame_shows_nothing_in_browser(
    desk: Desk, browser: Browser, host: str, refused: int
) -> None:
    request, _ = desk.identity()
    before = _events(desk)
    with served(desk.app) as address, _stranger(target := f"{address}/afschrift/requests/{request}") as port:
        context = browser.new_context()
        context.add_cookies([{"name": "_token", "value": log_in("anna"), "url": address, "sameSite": "Lax"}])
        page = context.new_page()
        answers: list[Any] = []
        page.on("response", lambda answer: answer.url == target and answers.append(answer))
        page.goto(f"http://{host}:{port}/")
        page.wait_for_function("document.title == 'done'")
        page.wait_for_load_state("networkidle")
        assert {answer.request.resource_type for answer in answers} >= {"document", "fetch"}
        assert {answer.status for answer in answers} == {refused}
        press(page, page.get_by_role("link", name="read this"))
        assert request not in page.locator("body").inner_text()
        assert _events(desk) == before
        press(page, page.get_by_role("link", name="Open this page"))
        page.get_by_role("heading", name=f"Request {request}").wait_for()
        assert _events(desk) == before + 1
        context.close()
