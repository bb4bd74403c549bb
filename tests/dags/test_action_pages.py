"""The pages of actions, and the same actions over HTTP, for each role."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.support.days import local_today
from tests.support.pages import Desk, text_of, token_in, token_of

from afschrift.app.roles_file import load_roles
from afschrift.casework.actions.action import Action, Subject
from afschrift.casework.actions.actions import ACTIONS
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.law.dispute import holds
from afschrift.law.letter import LetterState
from afschrift.register.deliveries import DeliveryRow

pytestmark = pytest.mark.airflow
WHY = "Omdat de kwikstaart een zaak heeft aangespannen."
PEOPLE = {"anna": "officer", "sam": "second_signer", "kim": "source_owner", "dirk": "dpo", "ivo": "intake"}


def titles(desk: Desk, user: str, request: str) -> set[str]:
    page = desk.browse(user, f"/requests/{request}").text
    return {a.name for a in ACTIONS if f'{request}/do/{a.name}">{a.title}</a>' in page}


def do(desk: Desk, user: str, request: str, name: str, **fields: str) -> str:
    """What the page of the request says after a form was sent."""
    given = {f"f.{field}": value for field, value in fields.items()}
    sent = desk.send(user, f"/requests/{request}/do/{name}", given)
    assert sent.status_code == 303, text_of(sent.text)
    return text_of(desk.browse(user, sent.headers["location"].removeprefix("/afschrift")).text)


def letter_of(desk: Desk, request: str) -> str:
    """A letter that was made and is not sent."""
    made = make(Officer(desk.register, load_roles(), "cli:anna"), request, "acknowledgement", {})
    assert made.letter is not None
    return made.letter.id


@pytest.fixture(scope="module")
def shared(desk: Desk) -> str:
    """A request that nothing here changes."""
    return desk.identity()[0]


@pytest.fixture(scope="module")
def delivery(desk: Desk) -> DeliveryRow:
    """A delivery that nothing here changes."""
    return desk.delivered()


WITH_PAGES = [action for action in ACTIONS if action.of is not Subject.QUESTION]


@pytest.mark.parametrize("action", WITH_PAGES, ids=lambda action: f"{action.of} {action.name}")
def test_an_action_is_of_its_role_on_pages_and_over_http(
    desk: Desk, shared: str, delivery: DeliveryRow, action: Action
) -> None:
    request = owner = shared
    if action.of is Subject.LETTER:
        owner = letter_of(desk, request)
    elif action.of is Subject.DELIVERY:
        request, owner = delivery.request, delivery.id
    elif action.of is Subject.SOURCE:
        owner = "shop"
    path = f"/{Subject.REQUEST if action.of is Subject.CASE else action.of}/{owner}/do/{action.name}"
    before = desk.events(request)
    for user, role in PEOPLE.items():
        page = desk.browse(user, path)
        assert page.status_code == (200 if role in (action.role, *action.also) else 403), user
        assert desk.browse(user, path, {"token": "x", "f.text": WHY}).status_code == 403, user
        asked = desk.ask(user, "POST", f"/{action.of}/{owner}/{action.name}", json={"x": 1})
        assert asked.status_code in (403, 422)
    changes = [
        kind
        for kind, _ in desk.events(request)[len(before) :]
        if kind.startswith(("fact_", "letter_", "delivery_", "secret_", "bundle_"))
    ]
    assert changes == []


def test_a_letter_is_sent_or_discarded_from_the_page_of_its_request(desk: Desk) -> None:
    request, _ = desk.identity()
    letter = letter_of(desk, request)
    page = desk.browse("anna", f"/requests/{request}").text
    assert f'/letters/{letter}/do/discard">Discard it</a>' in page
    assert f"/letters/{letter}/do/release" not in page
    assert "/do/send" not in page  # it has no e-mail address
    assert "It has no e-mail address: send it by post." in text_of(page)
    looks = [kind for kind, _ in desk.events(request)].count("case_document_read")
    for alone in ("", "true"):
        given = {"token": token_of(page, f'/letters/{letter}"'), "alone": alone}
        read = desk.browse("anna", f"/letters/{letter}", given)
        assert "ontvangen" in read.text
        assert ("<iframe" in read.text) == (not alone)
    assert [kind for kind, _ in desk.events(request)].count("case_document_read") == looks + 2
    assert desk.browse("anna", f"/letters/{letter}", {"token": "x"}).status_code == 403
    path = f"/letters/{letter}/do/discard"
    wrong = desk.send("anna", path, {"f.reason": "a_dream"})
    assert (wrong.status_code, '<a href="#f-reason">Reason</a>' in wrong.text) == (422, True)
    assert desk.send("anna", path, {"f.reason": "replaced"}).status_code == 303
    assert desk.register.letters.get(letter).state is LetterState.DISCARDED
    assert "cannot be done now" in text_of(desk.browse("anna", path).text)


def test_what_an_officer_and_a_signer_do_without_the_terminal(desk: Desk) -> None:
    received = datetime.now(ZoneInfo("Europe/Amsterdam")) - timedelta(days=5)
    request, _ = desk.identity(received_at=received.isoformat())
    assert {"suspend", "extend", "withdraw", "correct", "hold", "complaint"} <= titles(desk, "anna", request)
    assert not {"resume", "release", "sign-correction", "review-restriction"} & titles(desk, "anna", request)
    assert (titles(desk, "sam", request), titles(desk, "dirk", request)) == (set(), {"advise"})

    page = do(desk, "anna", request, "suspend", ground="identity", doubt="unknown_sender")
    assert "Recorded: Stop the clock with a question to the person" in page
    [fact] = desk.register.facts.timeline(request).unsent_letters
    assert f'value="{fact.id}"' in desk.browse("anna", f"/requests/{request}/do/sent").text
    today = received.date() + timedelta(days=5)
    do(desk, "anna", request, "sent", on=str(today), channel="post", proof="3SABC", fact=fact.id)
    assert "suspend" not in titles(desk, "anna", request)
    assert "cannot be done now" in text_of(desk.browse("anna", f"/requests/{request}/do/suspend").text)
    do(desk, "anna", request, "resume", on=str(today))

    do(desk, "anna", request, "hold", ground="court", text=WHY)
    assert len(holds(desk.register.facts.timeline(request))) == 1
    assert "Court, since" in text_of(desk.browse("anna", f"/requests/{request}/do/release").text)
    assert "Recorded: End a hold." in do(desk, "anna", request, "release", text=WHY)
    assert "State Withdrawn" in do(desk, "anna", request, "withdraw", channel="phone")
    assert titles(desk, "anna", request) == {"hold", "complaint", "destroy", "letter", "party"}
    assert WHY not in repr(desk.events(request))


def test_a_later_receipt_is_signed_by_another_person_on_their_page(desk: Desk) -> None:
    received = datetime.now(ZoneInfo("Europe/Amsterdam")) - timedelta(days=5)
    request, _ = desk.identity(received_at=received.isoformat())
    later = (received + timedelta(days=1)).isoformat()
    page = do(desk, "anna", request, "correct", received_at=later, reason="typing_error")
    assert "once a second signer agrees" in page
    assert titles(desk, "sam", request) == {"sign-correction"}
    do(desk, "sam", request, "sign-correction", agree="true")
    assert desk.register.facts.timeline(request).received == (received + timedelta(days=1)).date()


def test_a_fault_keeps_what_was_typed_and_names_its_field(desk: Desk) -> None:
    request, _ = desk.identity()
    path = f"/requests/{request}/do/complaint"
    shown = desk.browse("anna", path).text
    assert f'action="/afschrift{path}"' in shown
    empty = text_of(shown)
    assert empty.index("From (needed)") < empty.index("What it says, in your own words (may stay empty)")
    typed = {"f.from": "court", "f.reference": "C/13/99", "f.received": "soon", "f.text": WHY}
    before = desk.events(request)
    wrong = desk.send("anna", path, typed)
    assert (wrong.status_code, WHY in wrong.text, "C/13/99" in wrong.text) == (422, True, True)
    assert '<a href="#f-received">Received on</a>: is no date; write 2026-03-05' in wrong.text
    law = desk.send("anna", f"/requests/{request}/do/withdraw", {"f.channel": "By phone"})
    assert (law.status_code, "no code" in text_of(law.text)) == (409, True)
    own = {"Sec-Fetch-Site": "same-origin"}
    renewed = desk.browse("anna", path, {"token": "x", **typed}, headers=own)
    assert (renewed.status_code, WHY in renewed.text) == (403, True)
    assert desk.events(request) == before
    assert desk.browse("anna", f"/requests/{request}/do/nothing").status_code == 404
    assert desk.browse("anna", "/requests/req-000000000000/do/hold").status_code == 404


def test_a_letter_is_made_as_it_was_shown_and_not_twice(desk: Desk) -> None:
    request, _ = desk.identity()
    path = f"/requests/{request}/do/letter"
    page = text_of(desk.browse("anna", path).text)
    assert "Can be made too Acknowledgement Identity request" in page
    assert "Due now Late" in page
    assert "Merged" not in page  # it would say what is not so
    assert "goes on in no other one" in text_of(desk.browse("anna", f"{path}?kind=merged").text)
    given = {"kind": "identity_request", "f.more": "Bel ons gerust.\n\nTot ziens."}
    wrong = desk.send("anna", f"{path}?kind=identity_request", given | {"make": "true"})
    assert 'href="#f-doubt"' in wrong.text
    assert "Tot ziens." in wrong.text
    given |= {"f.doubt": "Wij kennen dit adres niet.", "f.ways": "login"}
    shown = desk.send("anna", f"{path}?kind=identity_request", given | {"make": "true"})  # not seen yet
    assert "Wij kennen dit adres niet." in shown.text.partition("srcdoc")[2]
    before = len(desk.register.letters.all(request_id=request))

    def make(page: str, **other: str) -> str:
        seen = re.findall(r'name="seen" value="([^"]+)"', page)[0]
        sent = given | other | {"seen": seen, "token": token_in(page), "make": "true"}
        reply = desk.browse("anna", path, sent)
        return str(reply.headers.get("location") or reply.text)

    forged = make(shown.text.replace('name="seen" value="', 'name="seen" value="x'))
    changed = make(shown.text, **{"f.doubt": "Dit adres is nieuw."})
    assert "Different: Why it is not sure who asks Nothing was decided" not in text_of(forged)
    assert "Different: Why it is not sure who asks Nothing was decided" in text_of(changed)
    assert "Tot ziens." in changed
    assert len(desk.register.letters.all(request_id=request)) == before
    assert "/requests/" in make(shown.text)
    assert "/requests/" in make(shown.text)  # a second click: the same letter
    assert len(desk.register.letters.all(request_id=request)) == before + 1
    second = {"f.doubt": "Dit adres is nieuw."}
    asked = make(changed, **second)
    assert "Make a second one of this kind" in text_of(asked)
    assert "waits to be sent" in asked
    make(asked, **second, **{"f.again": "true"})
    assert len(desk.register.letters.all(request_id=request)) == before + 2
    given = {"kind": "acknowledgement"}
    shown = desk.send("anna", f"{path}?kind=acknowledgement", given | {"show": "true"})
    earlier = (datetime.now(ZoneInfo("Europe/Amsterdam")) - timedelta(days=4000)).isoformat()
    do(desk, "anna", request, "correct", received_at=earlier, reason="typing_error")
    assert "Different: Day of receipt " in text_of(make(shown.text))
    dutch = desk.client("anna", headers={"Accept-Language": "nl"}).get(f"/afschrift{path}?kind=merged").text
    assert "Een brief maken" in dutch


def test_what_a_message_asks_and_who_is_concerned(desk: Desk) -> None:
    request, _ = desk.identity()
    case = desk.register.requests.get(request).case
    assert {"keys", "party", "decide", "leave-source"} <= titles(desk, "anna", request)
    assert not {"reading", "hand-over", "source-back"} & titles(desk, "anna", request)
    path = f"/requests/{request}/do/party"
    wrong = desk.send("anna", path, {"f.party": "heir", "f.email": "x", "f.name": WHY})
    assert (wrong.status_code, '<a href="#f-email">' in wrong.text, WHY in wrong.text) == (422, True, True)
    given = {"f.party": "heir", "f.name": "Bea Bakker", "f.address": "Dam 1\nAmsterdam"}
    assert desk.send("anna", path, given).status_code == 303
    assert desk.register.cases.parties(case)["heir"]["name"] == "Bea Bakker"
    assert (
        desk.ask("anna", "POST", f"/requests/{request}/keys", json={"keys": {"shoe": "4"}}).status_code == 422
    )
    keys = {key.name: key.value for key in desk.register.identities.of(request)}
    sent = desk.send("anna", f"/requests/{request}/do/keys", {"f.keys.email": "bert@example.org"})
    assert "/questions/" in sent.headers["location"]
    now = {key.name: key.value for key in desk.register.identities.of(request)}
    assert now == keys | {"email": "bert@example.org"}
    sent = desk.send("anna", f"/requests/{request}/do/decide", {})
    assert "Refuse" in text_of(desk.browse("anna", sent.headers["location"].removeprefix("/afschrift")).text)
    letter = letter_of(desk, request)
    given = {"f.on": local_today().isoformat(), "f.channel": "post", "f.proof": "3SABC1, aan de balie"}
    sent = desk.send("anna", f"/letters/{letter}/do/sent", given)
    row = desk.register.letters.get(letter)
    assert (sent.status_code, row.state, row.channel) == (303, LetterState.SENT, "post")
    assert b"".join(desk.register.documents.read(str(row.proof), "x")) == b"3SABC1, aan de balie"


def test_a_policy_is_proposed_and_signed_on_pages_by_two_people(desk: Desk) -> None:
    for user, status in {"anna": 200, "sam": 200, "dirk": 200, "kim": 403, "ivo": 403}.items():
        assert desk.browse(user, "/policies").status_code == status, user
    assert desk.browse("anna", "/sources/nowhere/do/evasive").status_code == 409
    for lift, words in (("", "evasive"), ("true", "plain")):
        assert "waits for your signature" not in desk.browse("sam", "/").text
        for typed in ({"from": "gisteren"}, {"lift": lift}):
            sent = desk.send("anna", "/sources/shop/do/evasive", {f"f.{n}": v for n, v in typed.items()})
            assert sent.status_code == (422 if "from" in typed else 303)
        assert f"{words.title()} words proposed" in text_of(desk.browse("anna", "/policies").text)
        assert "cannot be done now" in text_of(desk.browse("anna", "/sources/shop/do/evasive").text)
        assert "waits for your signature" in desk.browse("sam", "/").text
        assert f"Yes: {words} words" in text_of(desk.browse("sam", "/sources/shop/do/sign-evasive").text)
        signed = desk.send("sam", "/sources/shop/do/sign-evasive", {"f.agree": "true"})
        page = desk.browse("sam", signed.headers["location"].removeprefix("/afschrift")).text
        assert ("(evasive words)" in page, "Signed." in page) == (not lift, True)
