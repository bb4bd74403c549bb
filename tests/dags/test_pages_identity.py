"""Pages that show what is judged, masked and whole on asking: of a question, and of the keys of an identity.

What another site makes a browser ask shows nothing of a case, and records no look.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.airflow_support import log_in
from tests.support.browsing import served
from tests.support.pages import Desk, press, text_of, token_of

from afschrift.casework.answer_rows import ANSWERS, answer_action
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.questions.view import Kept, Line, Section, masked
from afschrift.register.records import QuestionRow
from afschrift.steps.read_identifying import look_up

pytestmark = pytest.mark.airflow

CUSTOMER = 900001


def looked(desk: Desk, request: str, question: str) -> None:
    """Ask on the page, and do what the task does."""
    page = desk.browse("anna", f"/questions/{question}").text
    reply = desk.browse("anna", f"/questions/{question}/look-up", {"token": token_of(page, '/look-up"')})
    assert reply.status_code == 303
    page = text_of(desk.browse("anna", reply.headers["location"].removeprefix("/afschrift")).text)
    assert "It is being looked up." in page
    assert "Asked by anna on" in page
    look_up(desk.services, request)


def name_of(desk: Desk) -> str:
    import duckdb

    with duckdb.connect(str(desk.warehouse / "shop.duckdb"), read_only=True) as con:
        [(name,)] = con.execute("SELECT last_name FROM customer WHERE customer_id = ?", [CUSTOMER]).fetchall()
    return str(name)


def test_page_shows_masks_and_values_only_on_request(desk: Desk) -> None:
    request, question = desk.identity(CUSTOMER)
    name = name_of(desk)
    before = desk.browse("anna", f"/questions/{question}").text
    assert str(CUSTOMER) not in before
    assert "9•••••" in before
    looked(desk, request, question)

    page = desk.browse("anna", f"/questions/{question}").text
    assert name not in page
    assert f"{name[0]}•••••" in page
    assert "Looked up for anna on" in text_of(page)
    token = token_of(page, '/look"')
    assert desk.browse("anna", f"/questions/{question}/look").status_code == 405
    shown = desk.browse("anna", f"/questions/{question}/look", {"token": token})
    assert shown.status_code == 200
    assert name in shown.text
    assert str(CUSTOMER) in shown.text
    assert "Please send me my data." in shown.text
    [read] = [p for kind, p in desk.events(request) if kind == "identity_read"]
    assert read["held"] == {"role": "officer", "source": "roles_file"}
    assert name not in str(desk.events(request))


def test_other_roles_and_sites_see_no_masks_and_change_nothing(desk: Desk) -> None:
    request, question = desk.identity(CUSTOMER)
    path = f"/questions/{question}"
    assert "•••••" not in desk.browse("dirk", path).text
    for form in ("look", "look-up"):
        assert desk.browse("dirk", f"{path}/{form}", {"token": "x"}).status_code == 403
    token = token_of(desk.browse("anna", path).text, '/look"')
    assert desk.browse("anna", f"{path}/look-up", {"token": token}).status_code == 403
    assert desk.register.look_ups.going(request) is None


def test_keys_are_corrected_on_the_page(desk: Desk) -> None:
    request, question = desk.identity(CUSTOMER)
    looked(desk, request, question)
    path = f"/requests/{request}/do/keys"
    assert path in desk.browse("anna", f"/questions/{question}").text
    assert str(CUSTOMER) not in desk.browse("anna", path).text
    none = desk.send("anna", path, {})
    assert (none.status_code, "Keys</a>: is missing" in none.text) == (422, True)
    reply = desk.send("anna", path, {"f.keys.customer_id": "4711", "f.keys.email": "-"})

    assert reply.status_code == 303
    [now] = desk.register.questions.all(request_id=request)
    assert reply.headers["location"].startswith(f"/afschrift/questions/{now.id}?notice=")
    assert now.id != question
    recorded = text_of(desk.browse("anna", reply.headers["location"].removeprefix("/afschrift")).text)
    assert "customer_id corrected. Who asks is to be confirmed for these keys." in recorded
    assert "4•••••" in recorded
    assert "4711" not in recorded
    looked_again = text_of(desk.browse("anna", f"/questions/{now.id}").text)
    assert "It was not looked up yet" in looked_again


def test_message_without_key_asks_for_one(desk: Desk) -> None:
    _, question = desk.identity(CUSTOMER, keys={})
    page = desk.browse("anna", f"/questions/{question}").text
    assert "The message gave no key" in text_of(page)
    assert "/look-up" not in page


def test_keys_are_looked_up_over_rest(desk: Desk) -> None:
    request, _ = desk.identity(CUSTOMER)
    path = f"/api/requests/{request}"
    refused = desk.browse("dirk", f"{path}/look-up", method="POST")
    assert refused.status_code == 403
    asked = desk.browse("anna", f"{path}/look-up", method="POST").json()
    assert asked["run"] == f"{request}.1"
    look_up(desk.services, request)
    assert desk.browse("ivo", f"{path}/identity", method="POST").status_code == 403
    found = desk.browse("anna", f"{path}/identity", method="POST").json()
    assert found["keys"] == {"customer_id": str(CUSTOMER)}
    assert name_of(desk) in str(found["tables"])
    changed = desk.browse(
        "anna", f"{path}/keys", method="POST", json={"keys": {"customer_id": "4711"}}
    ).json()
    assert ("customer_id corrected" in str(changed), "4711" in str(changed)) == (True, False)
    wrong = desk.browse("anna", f"{path}/keys", method="POST", json={"keys": {"customer_id": 4711}})
    assert (wrong.status_code, "4711" in wrong.text) == (422, False)


VALUE = "kanarie-4711@example.org"

ELSEWHERE = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "none"}, {"Origin": "https://evil.example"})

OURS = {"Sec-Fetch-Site": "same-origin"}


def view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    kept = officer.register.questions.kept(question.id)
    lines = (
        Line("E-mail", kept["mail"], Kept.MASKED),
        Line("Request", question.request, request=question.request),
    )
    return (Section("Where it is used", lines, ("Table", "Rows"), (("shop.orders", 8231),)),)


TOY = QuestionKind("toy", "A toy", "Is it?", {"yes": "It is.", "no": "It is not."})


@pytest.fixture
def question(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> QuestionRow:
    monkeypatch.setitem(KINDS, TOY.name, TOY)
    monkeypatch.setitem(ANSWERS, TOY.name, answer_action(TOY, view=view))
    request = desk.submit(desk.customers.pop(), "access")
    register = desk.register
    ask(register, request, [OpenQuestion(TOY, TOY.options, "A toy.", {"n": 9341}, kept={"mail": VALUE})])
    return register.questions.all(request_id=request)[-1]


def looks(desk: Desk, question: QuestionRow) -> list[tuple[str, str]]:
    found = desk.register.trail.events(question.request)
    return [(h.actor, p["values"]) for h, p in found if h.type == "question_viewed" and p]


def test_page_shows_rows_masked_and_values_on_request(desk: Desk, question: QuestionRow) -> None:
    path = f"/questions/{question.id}"
    page = desk.browse("anna", path, headers=OURS).text
    assert "Where it is used E-mail ka••••rg" in text_of(page)
    assert "8231" in page
    assert "9341" not in page  # the view replaces the detail
    assert f'href="/afschrift/requests/{question.request}">{question.request}' in page
    assert VALUE not in page
    assert looks(desk, question) == [("airflow:anna", "masked")]
    whole = desk.browse("anna", f"{path}/shown", {"token": token_of(page, "/shown"), "unmask": "true"})
    assert (whole.status_code, VALUE in whole.text, "Show the values" in whole.text) == (200, True, False)
    assert 'id="answer"' in whole.text
    assert looks(desk, question)[1:] == [("airflow:anna", "unmasked")]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=["another site", "a mail program", "an origin"])
def test_values_are_shown_to_our_own_page_only(
    desk: Desk, question: QuestionRow, headers: dict[str, str]
) -> None:
    path = f"/questions/{question.id}"
    token = token_of(desk.browse("anna", path, headers=OURS).text, "/shown")
    before = looks(desk, question)
    unmask = {"token": token, "unmask": "true"}
    for wrong in (
        desk.browse("anna", path, headers=headers),
        desk.browse("anna", f"{path}/shown", unmask, headers=headers),
        desk.browse("anna", f"{path}/shown", {**unmask, "token": "x"}, headers=OURS),
        desk.browse("otto", f"{path}/shown", unmask, headers=OURS),
        desk.browse("anna", f"/api{path}/view", headers=headers),
    ):
        assert wrong.status_code == 403
        assert not any(secret in wrong.text for secret in (VALUE, masked(VALUE), "8231", "9341"))
    assert looks(desk, question) == before
    shown = desk.browse("anna", f"{path}/shown", unmask, headers=OURS).text
    assert VALUE in shown
    assert looks(desk, question) == [*before, ("airflow:anna", "unmasked")]


def test_overseeing_roles_see_counts_only(desk: Desk, question: QuestionRow) -> None:
    page = desk.browse("dirk", f"/questions/{question.id}", headers=OURS).text
    assert "8231" in page
    assert masked(VALUE) not in page
    assert "/shown" not in page
    assert looks(desk, question) == [("airflow:dirk", "counts")]
    assert desk.browse("kim", f"/questions/{question.id}", headers=OURS).status_code == 404


def test_rest_shows_the_same_rows(desk: Desk, question: QuestionRow) -> None:
    path = f"/api/questions/{question.id}/view"
    got = desk.browse("anna", path, headers=OURS).json()
    assert (got["values"], got["more"]) == ("masked", True)
    assert got["sections"][0]["lines"][0] == {
        "label": "E-mail",
        "value": masked(VALUE),
        "kept": "masked",
        "request": "",
    }
    assert desk.browse("anna", path, {}, headers=OURS).json()["sections"][0]["lines"][0]["value"] == VALUE
    assert desk.browse("anna", path, {}, headers=ELSEWHERE[0]).status_code == 403
    assert desk.browse("dirk", path, {}, headers=OURS).status_code == 403
    assert [values for _, values in looks(desk, question)] == ["masked", "unmasked"]


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
    ids |= {"run_id": "manual", "whose": "invented", "right": "access"}
    ids |= {"of": "requests", "name": "hold", "code": "nl"}
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
