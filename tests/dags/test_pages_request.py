"""The page of one request: what was asked, what is due, its history in words, and what was sent."""

import re
from datetime import timedelta
from zipfile import ZipFile

import pytest
from testbed.running import run_reviewed
from tests.support.pages import Desk, text_of, token_of
from upath import UPath

from afschrift.app.roles_file import load_roles
from afschrift.casework.actions.action import Action, perform
from afschrift.casework.actions.actions import ACTIONS
from afschrift.casework.clock import ClockService
from afschrift.casework.officer import Officer
from afschrift.casework.request_history import LOOKS

pytestmark = pytest.mark.airflow

DUTCH = {"Accept-Language": "nl"}
WORDS = "Graag al mijn gegevens, ook die over de rode fiets"


def action_named(name: str) -> Action:
    return next(action for action in ACTIONS if action.name == name)


def seen(desk: Desk, user: str, path: str, **more: object) -> str:
    reply = desk.browse(user, path, headers=DUTCH, **more)
    assert reply.status_code == 200, reply.text
    return text_of(reply.text)


def looks(desk: Desk, request: str) -> list[str]:
    return [kind for kind, _ in desk.events(request) if kind in LOOKS]


def test_history_folds_looks_and_steps_and_shows_what_moved_the_day(desk: Desk) -> None:
    request, _ = desk.identity()
    officer = Officer(desk.register, load_roles(), "airflow:anna")
    ClockService(officer, officer.jurisdiction).correct(
        request, officer.now - timedelta(days=400), "other_channel"
    )
    for _ in range(3):
        seen(desk, "otto", f"/requests/{request}")
    page = seen(desk, "anna", f"/requests/{request}")
    assert "Otto keek 3 keer sinds" in page and "Anna keek" in page
    assert "De ontvangst is verbeterd" in page
    first, moved = re.findall(r"Laatste dag: (\d+ \w+ \d{4})", page)[::-1]
    assert int(first[-4:]) - int(moved[-4:]) in (1, 2)
    assert f"{moved} 3" in page and "dagen te laat" in page
    history = page.partition("Verloop")[2]
    assert history.index("Vandaag") < history.index("Anna keek") < history.index("Otto keek")
    assert not re.search(r"\d{4}-\d\d-\d\d|\b[0-9a-f]{12}\b|\bq-|\(R\d|#\d", history), history
    form = desk.browse("anna", f"/requests/{request}").text
    token = token_of(form, f'{request}/do/acknowledge"')
    for given, status in (({}, 422), ({"f.text": WORDS}, 303)):
        reply = desk.browse("anna", f"/requests/{request}/do/acknowledge", {"token": token} | given)
        assert reply.status_code == status
    assert (
        "Zeggen waarom het te laat is"
        not in seen(desk, "anna", f"/requests/{request}").partition("Wat kan")[0]
    )
    raw = seen(desk, "anna", f"/requests/{request}/trail")
    assert "fact_receipt_corrected airflow:anna" in raw and "request_viewed" in raw
    assert desk.browse("ivo", f"/requests/{request}/trail").status_code == 403


def test_message_is_read_by_those_who_may_and_is_an_event(desk: Desk) -> None:
    request, _ = desk.identity(message=WORDS)
    html = desk.browse("anna", f"/requests/{request}").text
    assert WORDS not in html and "Read what the person wrote" in html
    token = {"token": token_of(html, "/message")}
    assert "case_viewed" not in looks(desk, request)
    assert WORDS in seen(desk, "anna", f"/requests/{request}/message", fields=token)
    assert looks(desk, request).count("case_viewed") == 1
    for user, given in (("anna", {"token": "forged"}), ("ivo", token), ("ada", token)):
        refused = desk.browse(user, f"/requests/{request}/message", given)
        assert (refused.status_code, WORDS in refused.text) == (403, False)
    assert looks(desk, request).count("case_viewed") == 1


def test_what_was_sent_is_looked_at_again_as_long_as_it_is_kept(desk: Desk) -> None:
    request = desk.submit(desk.customers.pop(), "access", language="nl")
    bundle = run_reviewed(desk.services, request)
    path, html = f"/requests/{request}/sent", desk.browse("anna", f"/requests/{request}").text
    [delivery] = desk.register.deliveries.of(request)
    given = {"token": token_of(html, '/sent"'), "delivery": delivery.id}
    page = seen(desk, "anna", path, fields=given)
    assert "De pagina die de persoon leest" in page and re.search(r"Tabel|Rijen", page)
    shown = desk.browse("anna", path, given | {"path": "index.html"})
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "script" not in policy
    assert shown.content == ZipFile(bundle).read(f"afschrift-{request}/index.html")
    saved = desk.browse("anna", path, given | {"path": "data/coverage.json"})
    assert saved.headers["content-disposition"].startswith("attachment; filename*=UTF-8''coverage.json")
    before = looks(desk, request)
    refused = [
        ("anna", given | {"path": "../../etc/passwd"}, 404, "heeft dit bestand niet"),
        ("anna", given | {"delivery": "dlv-000000000000"}, 404, "niets verzonden"),
        ("anna", given | {"token": "forged"}, 403, ""),
        ("ada", given, 403, ""),
    ]
    for user, fields, status, words in refused:
        reply = desk.browse(user, path, fields, headers=DUTCH)
        assert (reply.status_code, words in text_of(reply.text)) == (status, True), text_of(reply.text)
    bundle = UPath(delivery.uri)
    bundle.write_bytes(bundle.read_bytes() + b"x")
    assert "niet wat is verzonden" in text_of(desk.browse("anna", path, given, headers=DUTCH).text)
    bundle.unlink()
    gone = desk.browse("anna", path, given, headers=DUTCH)
    assert (gone.status_code, "wordt niet meer bewaard" in text_of(gone.text)) == (409, True)
    assert looks(desk, request) == [*before, "bundle_viewed"]


def test_request_that_ended_says_how(desk: Desk) -> None:
    request, _ = desk.identity()
    other = desk.submit(4711, "access")
    assert "Er hoeft niets meer" not in seen(desk, "anna", f"/requests/{request}")
    officer = Officer(desk.register, load_roles(), "airflow:anna")
    perform(officer, action_named("withdraw"), request, {"channel": "email"})
    page = seen(desk, "anna", f"/requests/{request}")
    assert "De persoon heeft dit verzoek ingetrokken. Er hoeft niets meer te gebeuren." in page
    assert "Afgesloten op" in page and "Klaar uiterlijk" not in page
    again = desk.submit(4711, "access", message="Again, my data.", received_at="2026-06-11T09:30:00+02:00")
    perform(officer, action_named("merge"), again, {"into": other})
    html = desk.browse("anna", f"/requests/{again}", headers=DUTCH).text
    assert f'wordt daar beantwoord. <a class="whole" href="/afschrift/requests/{other}">' in html
    assert f"{again} : dat gaat hier verder" in seen(desk, "anna", f"/requests/{other}")
