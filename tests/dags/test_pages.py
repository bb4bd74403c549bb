"""The plain pages in Airflow's own application, behind its log-in: what they show, record and turn down."""

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from testbed.running import run
from tests.support.moves import moved
from tests.support.pages import Desk, parts, text_of, token_in, token_of

from afschrift.app.settings import Settings
from afschrift.canary.canary_file import CANARY, load_canary
from afschrift.canary.signature import sign_canary
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.state import State
from afschrift.law.roles import Roles

pytestmark = pytest.mark.airflow

CONFIRMED = {"choice": "confirmed", "f.method": "call_back", "f.level": "substantial"}
CANARY_WITHOUT_ROWS = """\
decided: {by: Data office, on: 2026-01-05, why: To see that answers are whole.}
planted: [{table: shop.customer, row: {email: kwik@example.org}}]
"""
TEXT = "Kanariezin over de man met de rode hoed"


def test_visitor_without_session_is_sent_to_the_log_in(desk: Desk) -> None:
    request, question = desk.identity()
    for path in ("/", f"/questions/{question}?choice=x", f"/requests/{request}"):
        reply = desk.browse(None, path)
        assert reply.status_code == 303
        assert reply.headers["location"].startswith("/auth/login?next=%2Fafschrift%2F")
        assert request not in reply.text
    assert desk.browse(None, f"/questions/{question}", CONFIRMED).status_code == 401
    assert desk.browse(None, "/api/questions").status_code == 401
    stranger = desk.browse("stranger", "/")
    assert (stranger.status_code, "keeps the roles file" in text_of(stranger.text)) == (403, True)
    assert str(desk.home) not in stranger.text
    assert desk.register.decisions.of(request) == ()


def test_list_shows_questions_of_the_roles(desk: Desk) -> None:
    request, question = desk.identity()
    pages = {user: desk.browse(user, "/").text for user in ("anna", "dirk", "sam", "ivo")}
    assert {user for user, html in pages.items() if question in html} == {"anna", "dirk"}
    assert "Nothing is open for your roles." in text_of(pages["sam"])
    assert re.search(
        rf"Who asks (and \d more )?{request} Access, Waits for a member of staff Officer",
        text_of(pages["anna"]),
    )


def test_every_page_has_security_headers(desk: Desk) -> None:
    _, question = desk.identity()
    for path in ("/", f"/questions/{question}", "/questions/q-000000000000", "/nowhere"):
        reply = desk.browse("anna", path)
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "script" not in policy
        assert "<script" not in reply.text
    assert desk.browse("anna", "/questions/q-000000000000").status_code == 404
    assert "default-src 'none'" in desk.browse("anna", "/api/questions").headers["content-security-policy"]


def test_confirmed_identity_starts_the_next_run(desk: Desk) -> None:
    request, question = desk.identity()
    reply = desk.send("anna", f"/questions/{question}", CONFIRMED | {"f.checked_on": "2026-06-10"})
    assert reply.status_code == 303
    assert reply.headers["location"].startswith(f"/afschrift/questions/{question}/recorded?notice=")
    page = text_of(desk.browse("anna", reply.headers["location"].removeprefix("/afschrift")).text)
    assert "Recorded Who asks: Confirmed" in page
    assert "A run started" in page
    [decision] = desk.register.decisions.of(request)
    assert (decision.by, decision.choice) == ("airflow:anna", "confirmed")
    detail = {"method": "call_back", "level": "substantial", "checked_on": "2026-06-10"}
    assert {n: decision.detail[n] for n in detail} == detail
    again = text_of(desk.browse("anna", f"/questions/{question}").text)
    assert "Answered: Confirmed" in again
    assert "What can be answered" in again
    other = reply.headers["location"].replace("notice=", "notice=e30")
    assert "started" not in text_of(desk.browse("anna", other.removeprefix("/afschrift")).text)


def test_form_with_faults_is_shown_again_with_its_values(desk: Desk) -> None:
    request, question = desk.identity()
    before = desk.done(request)
    fields = {"choice": "confirmed", "f.method": "call_back", "f.checked_on": "Jan <b>"}
    reply = desk.send("anna", f"/questions/{question}", fields)
    assert reply.status_code == 422
    assert '<a href="#f-level">How sure it is</a>: is missing' in reply.text
    assert '<a href="#f-checked_on">When it was checked</a>: takes a date' in reply.text
    assert '<p class="fault" id="f-level-fault">How sure it is: is missing.</p>' in reply.text
    assert 'value="call_back" checked' in reply.text
    assert 'id="f-choice-confirmed" name="choice" value="confirmed" checked' in reply.text
    assert 'value="Jan &lt;b&gt;"' in reply.text
    assert desk.done(request) == before
    none = desk.send("anna", f"/questions/{question}", {})
    assert (none.status_code, '<a href="#f-choice">Your choice</a>' in none.text) == (422, True)


def test_post_from_elsewhere_is_refused(desk: Desk) -> None:
    request, question = desk.identity()
    path = f"/questions/{question}"
    own = token_in(desk.browse("anna", path).text)
    anothers = token_in(desk.browse("otto", path).text)
    of_another = token_in(desk.browse("anna", f"/questions/{desk.asked()[1]}").text)
    same, older = {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}  # older browsers
    before = desk.done(request)
    for token, headers in (
        (None, older),
        ("", older),
        (anothers, older),
        (of_another, older),
        (own, {"Sec-Fetch-Site": "cross-site"}),
        (own, {"Sec-Fetch-Site": "same-site"}),
        (own, {"Origin": "https://elsewhere.example"}),
        (own, {"Origin": "null"}),
        (anothers, same),
    ):
        fields = CONFIRMED | {"f.checked_on": TEXT} | ({} if token is None else {"token": token})
        reply = desk.browse("anna", path, fields, headers=headers)
        assert reply.status_code == 403, (token, headers)
        kept = headers == same  # a log-in that was renewed loses nothing
        assert (TEXT in reply.text, "Your log-in was renewed" in reply.text) == (kept, kept)
    bare = desk.client("anna").post(f"/afschrift{path}", files=parts(CONFIRMED | {"token": own}))
    assert (bare.status_code, "not sent from its own page" in bare.text) == (403, True)
    assert desk.done(request) == before
    taken = desk.browse("anna", path, CONFIRMED | {"token": own}, headers=same)
    assert taken.status_code == 303


def test_user_without_the_role_reads_why(desk: Desk) -> None:
    from afschrift.app.roles_file import load_roles
    from afschrift.questions.ask import assign

    request, question = desk.identity()
    page = desk.browse("dirk", f"/questions/{question}").text
    assert "Only the role officer answers it; you may look." in text_of(page)
    assert "<form" not in page
    assert desk.browse("sam", f"/questions/{question}").status_code == 404
    open_to_otto = desk.browse("otto", f"/questions/{question}").text
    own = token_in(open_to_otto)
    register = desk.register
    assign(register, load_roles(), question, "Anna", "airflow:anna")
    assert "It is assigned to Anna." in text_of(desk.browse("otto", f"/questions/{question}").text)
    reply = desk.browse("otto", f"/questions/{question}", CONFIRMED | {"token": own, "f.checked_on": TEXT})
    assert (reply.status_code, TEXT in reply.text) == (403, True)
    assert register.decisions.of(request) == ()
    look = desk.browse("otto", f"/questions/{question}/look", {"token": token_of(open_to_otto)})
    assert (look.status_code, "It is assigned to Anna." in look.text) == (403, True)
    assert "case_viewed" not in [kind for kind, _ in desk.events(request)]


def test_second_answer_is_refused_and_keeps_its_text(desk: Desk) -> None:
    _, question = desk.identity()
    path = f"/questions/{question}"
    tokens = {user: token_in(desk.browse(user, path).text) for user in ("anna", "otto")}
    other = {"choice": "not_confirmed", "f.doubt": "keys_disagree"}
    assert desk.browse("anna", path, CONFIRMED | {"token": tokens["anna"]}).status_code == 303
    late = desk.browse("otto", path, other | {"token": tokens["otto"]})
    assert (late.status_code, "answered already" in late.text) == (409, True)
    assert 'value="keys_disagree" checked' in late.text


def test_thousands_of_ticks_are_taken_and_other_bodies_refused(desk: Desk) -> None:
    request, question = desk.identity()
    path, before = f"/questions/{question}", desk.done(request)
    ticks = {"f.redactions.line": ["shop.customer/1/note:0-3"] * 4_000}
    token = token_in(desk.browse("anna", path).text)
    typed = {"token": token, "choice": "confirmed", "f.method": "call_back", "f.checked_on": TEXT}
    much = desk.browse("anna", path, ticks | typed)  # the token after them, as on the page of a review
    assert much.status_code == 422
    assert "More was sent than is taken: 4,000 ticks and fields" not in much.text
    more = desk.browse("anna", path, {"f.redactions.line": ticks["f.redactions.line"] * 2} | typed)
    assert more.status_code == 422
    assert "More was sent than is taken: 4,000 ticks and fields" in text_of(more.text)
    assert (f'value="{TEXT}"' in more.text, 'value="call_back" checked' in more.text) == (True, True)
    assert desk.done(request) == before
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        other = desk.browse("anna", path, {}, content=TEXT, headers={"Content-Type": kind})
        assert (other.status_code, TEXT in other.text) == (422, False)
    fewer = CONFIRMED | {"token": token, "f.redactions.line": ["x"] * 2_000}
    assert desk.browse("anna", path, fewer).status_code == 303


def test_request_page_shows_trail_to_roles(desk: Desk) -> None:
    request, question = desk.identity()
    case = desk.register.requests.get(request).case
    desk.register.cases.add_text(case, "parties", b'{"person": {"name": "Zeynep T."}}', "cli:ivo")
    anna = desk.browse("anna", f"/requests/{request}").text
    page = text_of(anna)
    shown = (
        "Right Access (Art. 15 GDPR) State Waits for a member of staff Received",
        "Last day 10 July 2026 ",
        "Person Zeynep T.",
    )
    assert [words for words in shown if words not in page] == []
    assert f"/afschrift/questions/{question}" in anna
    assert "test Last day: 10 July 2026" in page
    events = [(kind, payload) for kind, payload in desk.events(request) if kind == "request_viewed"]
    assert events == [("request_viewed", {"role": "officer"})]
    ivo = text_of(desk.browse("ivo", f"/requests/{request}").text)
    assert "History" not in ivo
    assert "Zeynep" not in ivo
    assert "State Waits for a member of staff" in ivo
    assert desk.browse("anna", "/requests/req-000000000000").status_code == 404


def test_request_page_and_airflow_run_link_to_each_other(desk: Desk) -> None:
    request, _ = desk.identity()
    runs, patience = desk.register.runs, desk.services.patience
    for name in (f"{request}.1", "sha256:" + "0" * 32):
        assert runs.begin(request, name, patience).id == name
        runs.end(request, name, "needs_person")

    page = desk.browse("anna", f"/requests/{request}").text

    assert re.findall(r'href="([^"]*/runs/[^"]*)"', page) == [f"/dags/fulfil_request/runs/{request}.1"]
    assert (
        page.count(": Waits for a member of staff</li>") == 2 and "It failed. Open it in Airflow" not in page
    )
    runs.begin(request, f"{request}.2", patience)
    runs.end(request, f"{request}.2", "lost")
    assert "It failed. Open it in Airflow" in desk.browse("anna", f"/requests/{request}").text
    back = desk.browse("anna", f"/runs/{request}.1")
    assert (back.status_code, back.headers["location"]) == (303, f"/afschrift/requests/{request}")
    assert desk.browse("anna", "/runs/manual__2026-01-01T00:00:00+00:00").status_code == 404
    assert desk.browse("stranger", f"/runs/{request}.1").status_code == 403
    assert "/runs/" not in desk.browse("ivo", f"/requests/{request}").text


def test_task_has_link_to_its_request(desk: Desk) -> None:
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.plugins_manager import get_global_operator_extra_links

    [link] = [link for link in get_global_operator_extra_links() if link.name == "Request"]
    mine = TaskInstanceKey("fulfil_request", "classify", "manual__2026-01-01T00:00:00+00:00", 1, -1)

    assert link.get_link(None, ti_key=mine) == "afschrift/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00"
    assert link.get_link(None, ti_key=mine._replace(dag_id="payroll")) == ""


def test_unexpected_error_keeps_text_and_logs_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    from afschrift.web import question_pages, today_page

    _, question = desk.identity()
    token = token_in(desk.browse("anna", f"/questions/{question}").text)

    def broken(*_: Any) -> Any:
        raise ValueError(TEXT)

    monkeypatch.setattr(question_pages, "act", broken)
    fields = CONFIRMED | {"token": token}
    reply = desk.browse("anna", f"/questions/{question}", fields)
    assert (reply.status_code, 'value="call_back" checked' in reply.text) == (500, True)
    monkeypatch.setattr(today_page, "desk_rows", broken)
    listing = desk.browse("anna", "/")
    assert (listing.status_code, TEXT in listing.text) == (500, False)
    assert desk.env.log.count("Unexpected ValueError at") >= 2
    assert TEXT not in desk.env.log


def test_request_page_marks_the_canary(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other, _ = desk.identity()
    request, _ = desk.identity(planted := desk.customers.pop())
    folder = shutil.copytree(Settings.from_environment().inventory, tmp_path / "inventory")
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(folder))
    (folder / CANARY).write_text(
        f'keys: {{customer_id: "{planted}"}}\n{CANARY_WITHOUT_ROWS}', encoding="utf-8"
    )
    assert "This asks for the canary" not in desk.browse("anna", f"/requests/{request}").text
    register, canary = desk.register, load_canary(folder, ["customer_id"])
    assert canary is not None
    sign_canary(canary, register, register.store.keys, Roles(open_terminal=True), "cli:anna")
    assert "This asks for the canary" in text_of(desk.browse("anna", f"/requests/{request}").text)
    assert "This asks for the canary" not in desk.browse("anna", f"/requests/{other}").text


def test_every_page_of_forgotten_request_answers_gone(desk: Desk) -> None:
    register = desk.register
    delivered = desk.submit(desk.customers.pop(), "access")
    with suppress(NeedsPersonError):
        run(desk.services, delivered)
    identity, decision = desk.identity(), desk.decision()
    requests = [delivered, identity[0], decision[0]]
    for request in requests:
        if register.requests.get(request).state.open:
            moved(register, request, State.WITHDRAWN)
        assert register.data_keys.shred(request, "retention_identity", "officer")

    for request in requests:
        page = desk.browse("anna", f"/requests/{request}")
        assert page.status_code == 200, page.text
        assert "The data of this request were destroyed" in text_of(page.text), text_of(page.text)
        assert desk.browse("anna", f"/api/requests/{request}").status_code == 200
        assert desk.browse("anna", f"/api/cases/{request}").status_code == 200
        review = desk.browse("anna", f"/review/{request}")
        assert review.status_code < 500, review.text
    for _, question in (identity, decision):
        assert desk.browse("anna", f"/questions/{question}").status_code == 200
        assert desk.browse("anna", f"/api/questions/{question}/view").status_code == 200
    assert "was destroyed" in desk.browse("anna", f"/api/questions/{decision[1]}/view").text
    assert desk.browse("anna", "/").status_code == 200


def test_a_page_is_in_the_language_that_its_reader_chose(desk: Desk) -> None:
    dutch = desk.browse("anna", "/", headers={"Accept-Language": "nl-NL,nl;q=0.9,en;q=0.7"}).text
    assert '<html lang="nl">' in dutch and "Gegevenskaart" in dutch
    english = desk.browse("anna", "/", headers={"Accept-Language": "fr"}).text
    assert '<html lang="en">' in english and "Data map" in english
    chosen = desk.browse("anna", "/language/nl?back=/inventory")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/afschrift/inventory")
    assert chosen.headers["set-cookie"].startswith("afschrift_language=nl;")
    kept = desk.browse(
        "anna", "/", headers={"Cookie": f"_token={desk.tokens['anna']}; afschrift_language=nl"}
    )
    assert '<html lang="nl">' in kept.text
    for elsewhere in ("//evil.example", "/\\evil.example", "https://evil.example"):
        found = desk.browse("anna", f"/language/nl?back={elsewhere}")
        assert found.headers["location"] == "/afschrift/"
