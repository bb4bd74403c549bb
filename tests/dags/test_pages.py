"""The plain pages in Airflow's own application, behind its log-in: what they show, record and turn down."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv
from tests.support.installed import CUSTOMERS, Installation
from tests.support.pages import (
    Browse,
    app,
    asked_decision,
    asked_identity,
    asked_manual,
    browse,
    installation,
    look_token_in,
    text_of,
    token_in,
)

from afschrift.app.settings import Settings
from afschrift.canary.canary_file import CANARY, load_canary
from afschrift.canary.signed import sign_canary
from afschrift.law.roles import Roles

pytestmark = [pytest.mark.airflow]

CONFIRMED = {"choice": "confirmed", "f.method": "call_back", "f.level": "substantial"}
CANARY_OF_NOBODY = """\
decided: {by: Data office, on: 2026-01-05, why: To see that answers are whole.}
planted: [{table: shop.customer, row: {email: kwik@example.org}}]
"""
TEXT = "Kanariezin over de man met de rode hoed"

__all__ = ["app", "browse", "installation"]


@pytest.fixture
def customer() -> Iterator[int]:
    """A customer of whom no other request is open."""
    yield _customers.pop()


_customers = list(CUSTOMERS)


def send(browse: Browse, user: str, path: str, fields: dict[str, Any], **more: Any) -> Any:
    """Open a page and send its form."""
    token = token_in(browse(user, path).text)
    return browse(user, path.partition("?")[0], {"token": token, **fields}, **more)


def test_whoever_is_not_logged_in_is_led_to_the_log_in_and_back(
    browse: Browse, installation: Installation, customer: int
) -> None:
    request, question = asked_identity(installation, customer)
    for path in ("/", f"/questions/{question}?choice=x", f"/requests/{request}"):
        reply = browse(None, path)
        assert reply.status_code == 303
        assert reply.headers["location"].startswith("/auth/login?next=%2Fafschrift%2F")
        assert request not in reply.text
    assert browse(None, f"/questions/{question}", CONFIRMED).status_code == 401
    assert browse(None, "/api/questions").status_code == 401
    stranger = browse("stranger", "/")
    assert (stranger.status_code, "keeps the roles file" in text_of(stranger.text)) == (403, True)
    assert str(installation.home) not in stranger.text
    assert installation.services.register.decisions.of(request) == ()


def test_the_list_is_that_of_the_roles(browse: Browse, installation: Installation, customer: int) -> None:
    request, question = asked_identity(installation, customer)
    pages = {user: browse(user, "/").text for user in ("anna", "dirk", "sam", "ivo")}
    assert {user: question in html for user, html in pages.items()} == {
        "anna": True,
        "dirk": True,
        "sam": False,
        "ivo": False,
    }
    assert "No question is open for your roles." in text_of(pages["sam"])
    assert f"Who asks {request} access Officer" in text_of(pages["anna"])


def test_every_page_says_how_it_may_be_used(
    browse: Browse, installation: Installation, customer: int
) -> None:
    _, question = asked_identity(installation, customer)
    for path in ("/", f"/questions/{question}", "/questions/q-000000000000", "/nowhere"):
        reply = browse("anna", path)
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "script" not in policy
        assert "<script" not in reply.text
    assert browse("anna", "/questions/q-000000000000").status_code == 404
    assert "default-src 'none'" in browse("anna", "/api/questions").headers["content-security-policy"]


def test_an_identity_is_confirmed_and_the_next_run_starts(
    browse: Browse, installation: Installation, customer: int
) -> None:
    request, question = asked_identity(installation, customer)
    reply = send(browse, "anna", f"/questions/{question}", CONFIRMED | {"f.checked_on": "2026-06-10"})
    assert reply.status_code == 303
    assert reply.headers["location"].startswith(f"/afschrift/questions/{question}/recorded?told=")
    page = text_of(browse("anna", reply.headers["location"].removeprefix("/afschrift")).text)
    assert "Recorded Who asks: Confirmed" in page
    assert f"{request}.1 started." in page
    [decision] = installation.services.register.decisions.of(request)
    assert (decision.by, decision.choice) == ("airflow:anna", "confirmed")
    detail = {"method": "call_back", "level": "substantial", "checked_on": "2026-06-10"}
    assert {n: decision.detail[n] for n in detail} == detail
    again = text_of(browse("anna", f"/questions/{question}").text)
    assert "Answered: Confirmed" in again
    assert "What can be answered" in again
    other = reply.headers["location"].replace("told=", "told=e30")
    assert "started" not in text_of(browse("anna", other.removeprefix("/afschrift")).text)


def test_a_fault_shows_the_page_again_with_what_was_typed(
    browse: Browse, installation: Installation, customer: int
) -> None:
    request, question = asked_identity(installation, customer)
    before = installation.done(request)
    fields = {"choice": "confirmed", "f.method": "call_back", "f.checked_on": "Jan <b>"}
    reply = send(browse, "anna", f"/questions/{question}", fields)
    assert reply.status_code == 422
    assert '<a href="#f-level">How sure it is</a>: is missing' in reply.text
    assert '<a href="#f-checked_on">When it was checked</a>: takes a date' in reply.text
    assert '<p class="fault" id="f-level-fault">How sure it is: is missing.</p>' in reply.text
    assert 'value="call_back" checked' in reply.text
    assert 'id="f-choice-confirmed" name="choice" value="confirmed" checked' in reply.text
    assert 'value="Jan &lt;b&gt;"' in reply.text
    assert installation.done(request) == before
    none = send(browse, "anna", f"/questions/{question}", {})
    assert (none.status_code, '<a href="#f-choice">Your choice</a>' in none.text) == (422, True)


def test_what_does_not_come_from_its_own_page_is_not_taken(
    browse: Browse, installation: Installation, customer: int
) -> None:
    request, question = asked_identity(installation, customer)
    path = f"/questions/{question}"
    own = token_in(browse("anna", path).text)
    anothers = token_in(browse("otto", path).text)
    of_another = token_in(browse("anna", f"/questions/{_another(installation)}").text)
    same, older = {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}  # older browsers
    before = installation.done(request)
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
        reply = browse("anna", path, fields, headers=headers)
        assert reply.status_code == 403, (token, headers)
        kept = headers == same  # a log-in that was renewed loses nothing
        assert (TEXT in reply.text, "Your log-in was renewed" in reply.text) == (kept, kept)
    assert installation.done(request) == before
    taken = browse("anna", path, CONFIRMED | {"token": own}, headers=same)
    assert taken.status_code == 303


def _another(installation: Installation) -> str:
    register = installation.services.register
    request = installation.submit(_customers.pop(), "access")
    return str(
        register.questions.ask(request, "unclassified", options=["include"], detail={"columns": ["a.b.c"]}).id
    )


def test_whoever_may_not_answer_reads_why(browse: Browse, installation: Installation, customer: int) -> None:
    from afschrift.app.roles_file import load_roles
    from afschrift.questions.ask import assign

    request, question = asked_identity(installation, customer)
    page = browse("dirk", f"/questions/{question}").text
    assert "Only the role officer answers it; you may look." in text_of(page)
    assert "<form" not in page
    assert browse("sam", f"/questions/{question}").status_code == 404
    open_to_otto = browse("otto", f"/questions/{question}").text
    own = token_in(open_to_otto)
    register = installation.services.register
    assign(register, load_roles(), question, "Anna", "airflow:anna")
    assert "It is assigned to Anna." in text_of(browse("otto", f"/questions/{question}").text)
    reply = browse("otto", f"/questions/{question}", CONFIRMED | {"token": own, "f.checked_on": TEXT})
    assert (reply.status_code, TEXT in reply.text) == (403, True)
    assert register.decisions.of(request) == ()
    look = browse("otto", f"/questions/{question}/look", {"token": look_token_in(open_to_otto)})
    assert (look.status_code, "It is assigned to Anna." in look.text) == (403, True)
    assert "case_viewed" not in [kind for kind, _ in installation.events(request)]


def test_who_comes_second_is_told_and_keeps_the_words(
    browse: Browse, installation: Installation, customer: int
) -> None:
    _, question = asked_identity(installation, customer)
    path = f"/questions/{question}"
    tokens = {user: token_in(browse(user, path).text) for user in ("anna", "otto")}
    other = {"choice": "not_confirmed", "f.doubt": "keys_disagree"}
    assert browse("anna", path, CONFIRMED | {"token": tokens["anna"]}).status_code == 303
    late = browse("otto", path, other | {"token": tokens["otto"]})
    assert (late.status_code, "answered already" in late.text) == (409, True)
    assert 'value="keys_disagree" checked' in late.text


def test_a_reason_in_words_is_kept_encrypted(
    browse: Browse, installation: Installation, airflow_env: AirflowEnv, customer: int
) -> None:
    register = installation.services.register
    request = installation.submit(customer, "access")
    detail = {"columns": ["shop.customer.nickname", "shop.customer.rank"]}
    question = register.questions.ask(
        request, "unclassified", options=["include", "exclude"], detail=detail
    ).id
    page = text_of(browse("anna", f"/questions/{question}").text)
    assert all(one in page for one in ("What is judged", "nickname", "rank"))
    assert "They stay, in this request alone" in page
    wrong = send(browse, "anna", f"/questions/{question}", {"text": TEXT})
    assert (wrong.status_code, TEXT in wrong.text) == (422, True)
    long = send(browse, "anna", f"/questions/{question}", {"choice": "exclude", "text": TEXT * 1000})
    assert (long.status_code, '<a href="#f-text">Reason</a>' in long.text) == (422, True)
    done = send(browse, "anna", f"/questions/{question}", {"choice": "exclude", "text": f"{TEXT}\r\nTwee."})
    assert done.status_code == 303
    [decision] = [d for d in register.decisions.of(request) if d.question == question]
    assert register.decisions.text(request, decision.text or "") == f"{TEXT}\nTwee."
    assert_nowhere(installation, airflow_env, request)


def assert_nowhere(installation: Installation, airflow_env: AirflowEnv, request: str) -> None:
    """The words stand encrypted in the register, and nowhere in clear."""
    from tests.privacy.canary_search import search

    assert search(installation.home, {"words": TEXT}) == []
    assert search(airflow_env.home, {"words": TEXT}) == []
    assert TEXT not in json.dumps(installation.events(request))


def test_a_decision_asks_for_choice_and_ground_and_then_for_that_form_alone(
    browse: Browse, installation: Installation, airflow_env: AirflowEnv, customer: int
) -> None:
    from tests.support.ground_forms import GROUNDS, complete

    from afschrift.law.grounds import Outcome

    request, question = asked_decision(installation, customer)
    path = f"/questions/{question}"
    first = browse("anna", path).text
    assert f"{path}?choice=refuse&amp;ground=manifestly_unfounded" in first
    assert f"{path}?choice=fulfil" in first
    assert "An officer asked for it" in text_of(first)
    assert 'id="answer"' not in first
    chosen = f"{path}?choice=refuse&ground=manifestly_unfounded"
    page = browse("anna", chosen).text
    told = text_of(page)
    assert "When it fits For access and portability requests." in told
    assert "a second signer agrees" in told
    assert "The letter “Refusal”" in told
    assert "What happened (needed)" in told
    assert "f.costs" not in page  # of the outcome `charge` alone
    form = complete("manifestly_unfounded", Outcome.REFUSE) | {"objective": TEXT}
    fields = {"choice": "refuse", "ground": "manifestly_unfounded", "f.objective": TEXT}
    lacking = send(browse, "anna", chosen, fields)
    assert (lacking.status_code, TEXT in lacking.text) == (422, True)
    assert '<a href="#f-subjective">What shows the intention</a>' in lacking.text
    fields |= {f"f.{name}": value for name, value in GROUNDS.texts(form).items()}
    done = send(browse, "anna", chosen, fields)
    assert done.status_code == 303
    register = installation.services.register
    [signer] = [q for q in register.questions.all(request_id=request) if q.kind == "decision_signed"]
    recorded = browse("anna", done.headers["location"].removeprefix("/afschrift")).text
    assert "A second signer, who is another person" in text_of(recorded)
    assert signer.id in recorded
    assert_nowhere(installation, airflow_env, request)

    sign = f"/questions/{signer.id}"
    assert browse("anna", sign).status_code == 404
    shown = browse("sam", sign).text
    assert "Manifestly unfounded" in shown or "manifestly_unfounded" in shown
    texts = browse("sam", f"{sign}/look", {"token": look_token_in(shown)})
    assert (texts.status_code, TEXT in texts.text) == (200, True)
    assert [kind for kind, _ in installation.events(request)][-1] == "case_viewed"
    assert browse("sam", f"{sign}/look", {"token": "x"}).status_code == 403
    agreed = send(browse, "sam", sign, {"choice": "agree"})
    page = text_of(browse("sam", agreed.headers["location"].removeprefix("/afschrift")).text)
    assert "Letter to send" in page
    assert "afschrift letter send" in page


def test_a_ground_that_the_law_is_against_is_told(
    browse: Browse, installation: Installation, customer: int
) -> None:
    _, question = asked_decision(installation, customer, "access")
    fields = {"choice": "refuse", "ground": "identity_failure", "f.asked": ["login", "call_back"]}
    fields |= {"f.asked_on": "2026-06-10", "f.reply": "none", "f.reasons": "Geen antwoord."}
    chosen = f"/questions/{question}?choice=refuse&ground=identity_failure"
    reply = send(browse, "anna", chosen, fields)
    assert (reply.status_code, "(R10)" in reply.text) == (409, True)
    assert all(f'value="{code}" checked' in reply.text for code in ("login", "call_back"))
    fulfilled = send(browse, "anna", f"/questions/{question}?choice=fulfil", {"choice": "fulfil"})
    assert fulfilled.status_code == 303


def test_a_system_is_searched_and_its_files_are_kept(
    browse: Browse, installation: Installation, airflow_env: AirflowEnv, customer: int
) -> None:
    request, question = asked_manual(installation, customer)
    path = f"/questions/{question}"
    page = text_of(browse("kim", path).text)
    assert "Search by name or e-mail address." in page
    assert "Why nobody searched (needed for “Not searched”)" in page
    token = look_token_in(browse("kim", path).text)
    keys = text_of(browse("kim", f"{path}/look", {"token": token}).text)
    assert f"Customer id {customer}" in keys
    assert "identity_read" in [kind for kind, _ in installation.events(request)]

    given = {"choice": "given"}
    none = send(browse, "kim", path, given)
    assert (none.status_code, '<a href="#f-files">Files</a>' in none.text) == (422, True)
    program = ("files", ("mail.txt", b"#!/bin/sh\necho\n", "text/plain"))
    turned = send(browse, "kim", path, given, upload=[program])
    assert turned.status_code == 422
    assert "no. 1: A file is a program" in text_of(turned.text)
    assert "mail.txt" not in turned.text
    letter = f"Subject: {TEXT}\n\n".encode() + b"x" * 3_000_000
    mail = ("files", (f"C:\\{TEXT}.txt", letter, "text/plain"))
    assert send(browse, "kim", path, {"choice": "nothing_held"}, upload=[mail]).status_code == 422
    done = send(browse, "kim", path, given, upload=[mail])
    assert done.status_code == 303
    register = installation.services.register
    [kept] = [t for t in register.cases.texts(request, "test") if t.kind == "document"]
    assert (kept.name, kept.size) == (f"{TEXT}.txt", len(letter))
    assert b"".join(register.documents.read(kept.id, "test")) == letter
    assert_nowhere(installation, airflow_env, request)


def test_a_file_that_is_too_large_is_told_in_the_page(
    browse: Browse, installation: Installation, customer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, question = asked_manual(installation, customer)
    monkeypatch.setenv("AFSCHRIFT_MANUAL_MEGABYTES", "0.1")
    large = ("files", ("mail.txt", b"x" * 300_000, "text/plain"))
    reply = send(browse, "kim", f"/questions/{question}", {"choice": "given"}, upload=[large])
    assert reply.status_code == 422
    assert "larger than the 0.1 MB that are taken" in text_of(reply.text)
    [still] = installation.services.register.questions.all(request_id=request)
    assert (still.id, still.answered_at) == (question, None)


def test_no_file_is_written_of_whoever_may_not_bring_one(
    browse: Browse, installation: Installation, customer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.app.roles_file import load_roles
    from afschrift.questions.ask import assign
    from afschrift.web.multipart import EncryptedTempFile

    written: list[int] = []
    plain = EncryptedTempFile.write

    def counted(veil: EncryptedTempFile, data: bytes) -> int:
        written.append(len(data))
        return plain(veil, data)

    monkeypatch.setattr(EncryptedTempFile, "write", counted)
    request, manual = asked_manual(installation, customer)
    _, identity = asked_identity(installation, _customers.pop())
    own = token_in(browse("kim", f"/questions/{manual}").text)
    otto = token_in(browse("otto", f"/questions/{manual}").text)
    assign(installation.services.register, load_roles(), manual, "Kim", "airflow:anna")
    upload = [("files", ("a.txt", b"x" * 500_000, "text/plain"))]
    same = {"Sec-Fetch-Site": "same-origin"}
    for user, path, token, status, more in (
        ("ivo", "/questions/q-000000000000", own, 404, {}),
        ("ivo", f"/questions/{manual}", own, 404, {}),
        ("dirk", f"/questions/{manual}", own, 403, {}),
        ("ivo", f"/questions/{manual}/look", own, 404, {}),
        ("kim", f"/questions/{manual}/look", own, 403, {}),
        ("kim", f"/questions/{manual}", "x", 403, {"headers": {"Origin": "http://testserver"}}),
        ("kim", f"/questions/{manual}", otto, 403, {"headers": same}),
        ("otto", f"/questions/{manual}", otto, 403, {}),
        ("anna", f"/questions/{identity}", token_in(browse("anna", f"/questions/{identity}").text), 422, {}),
    ):
        reply = browse(user, path, {"token": token, "choice": "given"}, upload=upload, **more)
        assert (reply.status_code, written) == (status, []), (user, path)
        assert ("choose them again" in reply.text) == (path.endswith(manual) and status == 403 and (
            token == otto))  # fmt: skip
    kind, payload = next(e for e in reversed(installation.events(request)) if e[0] == "answer_refused")
    assert (kind, payload["role"]) == ("answer_refused", "keeper")
    no_form = {"content": b"x", "headers": {"Content-Type": "text/plain"}}  # 422 once it is read
    assert browse("ivo", f"/questions/{manual}", {}, **no_form).status_code == 404
    assert browse("dirk", f"/questions/{manual}", {}, **no_form).status_code == 403

    long = {"headers": {"Content-Length": "2008000001"}}  # four times 500 MB, and what stands around
    refused = browse("kim", f"/questions/{manual}", {"token": own}, upload=upload, **long)
    assert (refused.status_code, written) == (422, [])
    assert "longer than the 2,008 MB that are taken, its files together" in text_of(refused.text)
    taken = browse("kim", f"/questions/{manual}", {"token": own, "choice": "given"}, upload=upload)
    assert (taken.status_code, sum(written)) == (303, 500_000)


def test_thousands_of_ticks_are_taken_and_more_come_back_in_words(
    browse: Browse, installation: Installation, customer: int
) -> None:
    request, question = asked_identity(installation, customer)
    path, before = f"/questions/{question}", installation.done(request)
    ticks = {"f.redactions.line": ["shop.customer/1/note:0-3"] * 4_000}
    token = token_in(browse("anna", path).text)
    typed = {"token": token, "choice": "confirmed", "f.method": "call_back", "f.checked_on": TEXT}
    much = browse("anna", path, ticks | typed)  # the token after them, as on the page of a review
    assert much.status_code == 422
    assert "More was sent than is taken: 4,000 ticks and fields" not in much.text
    more = browse("anna", path, {"f.redactions.line": ticks["f.redactions.line"] * 2} | typed)
    assert more.status_code == 422
    assert "More was sent than is taken: 4,000 ticks and fields" in text_of(more.text)
    assert (f'value="{TEXT}"' in more.text, 'value="call_back" checked' in more.text) == (True, True)
    assert installation.done(request) == before
    fewer = CONFIRMED | {"token": token, "f.redactions.line": ["x"] * 2_000}
    assert browse("anna", path, fewer).status_code == 303


def test_a_number_of_thousands_of_digits_is_told_in_the_page(
    browse: Browse, installation: Installation, customer: int
) -> None:
    schema = {"type": "object", "properties": {"choice": {}, "pages": {"type": "integer"}}}
    register = installation.services.register
    request = installation.submit(customer, "access")
    question = register.questions.ask(request, "unclassified", options=["include"], detail={}, form=schema).id
    fields = {"choice": "include", "f.pages": "9" * 5_000}
    reply = send(browse, "anna", f"/questions/{question}", fields)
    assert (reply.status_code, '<a href="#f-pages">Pages</a>' in reply.text) == (422, True)
    done = send(browse, "anna", f"/questions/{question}", fields | {"f.pages": "12"})
    assert done.status_code == 303
    [decision] = [d for d in register.decisions.of(request) if d.question == question]
    assert decision.detail["pages"] == 12


def test_what_is_no_form_is_not_read(browse: Browse, installation: Installation, customer: int) -> None:
    _, question = asked_identity(installation, customer)
    kinds = ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x")
    for kind in kinds:
        reply = browse("anna", f"/questions/{question}", {}, content=TEXT, headers={"Content-Type": kind})
        assert (reply.status_code, TEXT in reply.text) == (422, False)


def test_a_request_with_its_trail(browse: Browse, installation: Installation, customer: int) -> None:
    request, question = asked_identity(installation, customer)
    anna = browse("anna", f"/requests/{request}").text
    told = text_of(anna)
    assert f"Request {request} Right access (Art. 15) State Needs person" in told
    assert "Last day 2026-07-10" in told
    assert f"/afschrift/questions/{question}" in anna
    assert "Question asked" in told
    events = [(kind, payload) for kind, payload in installation.events(request) if kind == "request_viewed"]
    assert events == [("request_viewed", {"role": "officer"})]
    ivo = text_of(browse("ivo", f"/requests/{request}").text)
    assert "Trail" not in ivo
    assert "State Needs person" in ivo
    assert browse("anna", "/requests/req-000000000000").status_code == 404


def test_a_request_and_its_runs_in_airflow_lead_to_each_other(
    browse: Browse, installation: Installation, customer: int
) -> None:
    request, _ = asked_identity(installation, customer)
    runs, patience = installation.services.register.runs, installation.services.patience
    for run in (f"{request}.1", "sha256:" + "0" * 32):
        assert runs.begin(request, run, patience).id == run
        runs.end(request, run, "needs_person")

    page = browse("anna", f"/requests/{request}").text

    assert re.findall(r'href="([^"]*/runs/[^"]*)"', page) == [f"/dags/fulfil_request/runs/{request}.1"]
    assert "sha256:" in page
    assert page.count(": Needs person</li>") == 2
    back = browse("anna", f"/runs/{request}.1")
    assert (back.status_code, back.headers["location"]) == (303, f"/afschrift/requests/{request}")
    assert browse("anna", "/runs/manual__2026-01-01T00:00:00+00:00").status_code == 404
    assert browse("stranger", f"/runs/{request}.1").status_code == 403
    assert "/runs/" not in browse("ivo", f"/requests/{request}").text


def test_each_task_of_a_run_has_a_button_to_its_request(app: Any) -> None:
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.plugins_manager import get_global_operator_extra_links

    [link] = [one for one in get_global_operator_extra_links() if one.name == "Request"]
    mine = TaskInstanceKey("fulfil_request", "classify", "manual__2026-01-01T00:00:00+00:00", 1, -1)

    assert link.get_link(None, ti_key=mine) == "afschrift/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00"
    assert link.get_link(None, ti_key=mine._replace(dag_id="payroll")) == ""


def test_a_fault_of_the_software_loses_no_words_and_logs_none(
    browse: Browse, installation: Installation, airflow_env: AirflowEnv, customer: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from afschrift.web import question_pages

    _, question = asked_identity(installation, customer)
    token = token_in(browse("anna", f"/questions/{question}").text)

    def broken(*_: Any) -> Any:
        raise ValueError(TEXT)

    monkeypatch.setattr(question_pages, "record", broken)
    fields = CONFIRMED | {"token": token}
    reply = browse("anna", f"/questions/{question}", fields)
    assert (reply.status_code, 'value="call_back" checked' in reply.text) == (500, True)
    monkeypatch.setattr(question_pages, "listed_questions", broken)
    listing = browse("anna", "/")
    assert (listing.status_code, TEXT in listing.text) == (500, False)
    assert airflow_env.log.count("Unexpected ValueError at") >= 2
    assert TEXT not in airflow_env.log


def test_a_request_for_the_canary_says_so_on_its_page(
    browse: Browse,
    installation: Installation,
    customer: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, _ = asked_identity(installation, customer)
    request, _ = asked_identity(installation, planted := _customers.pop())
    folder = shutil.copytree(Settings.from_environment().inventory, tmp_path / "inventory")
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(folder))
    (folder / CANARY).write_text(f'keys: {{customer_id: "{planted}"}}\n{CANARY_OF_NOBODY}', encoding="utf-8")
    assert "This asks for the canary" not in browse("anna", f"/requests/{request}").text
    register, canary = installation.services.register, load_canary(folder, ["customer_id"])
    assert canary is not None
    sign_canary(canary, register, register.store.keys, Roles(open_terminal=True), "cli:anna")
    assert "This asks for the canary" in text_of(browse("anna", f"/requests/{request}").text)
    assert "This asks for the canary" not in browse("anna", f"/requests/{other}").text
