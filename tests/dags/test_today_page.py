"""The first page behind Airflow's log-in: whose work it shows, its filters, the search, and acts in bulk."""

import re
from typing import Any

import pytest
from tests.support.pages import Desk, text_of, token_of

from afschrift.casework.desk.owner import owner

pytestmark = pytest.mark.airflow


def shown(desk: Desk, user: str, query: str = "") -> set[str]:
    return set(re.findall(r"requests/(req-\w+)", desk.browse(user, f"/{query}").text))


def searched(desk: Desk, user: str, text: str) -> Any:
    token = token_of(desk.browse(user, "/").text, '/search"')
    return desk.browse(user, "/search", {"token": token, "text": text})


def bulk(desk: Desk, user: str, *requests: str, **fields: str) -> Any:
    token = token_of(desk.browse("anna" if user == "dirk" else user, "/").text, '/bulk"')
    return desk.browse(user, "/bulk", {"token": token, "request": list(requests), **fields})


def test_each_role_sees_its_own_work(desk: Desk) -> None:
    (asked, question), (search, _) = desk.identity(), desk.manual()
    for user, mine in {
        "anna": {asked, search},
        "dirk": {asked, search},
        "kim": {search},
        "sam": set(),
    }.items():
        assert shown(desk, user) & {asked, search} == mine, user
    assert f'href="/afschrift/questions/{question}"' in desk.browse("anna", "/").text
    assert 'name="request"' not in desk.browse("dirk", "/").text
    listed = {row["request"]: row for row in desk.ask("anna", "GET", "/requests").json()["requests"]}
    assert {asked, search} <= set(listed)
    assert listed[asked]["next"][0]["path"] == f"/questions/{question}"
    assert asked in shown(desk, "anna", "?kind=question&state=needs_person&right=access")
    assert asked not in shown(desk, "anna", "?right=portability")
    assert asked not in shown(desk, "anna", "?group=runs&page=9")
    dutch = desk.browse("anna", "/", headers={"Accept-Language": "nl"})
    assert '<html lang="nl">' in dutch.text
    assert "Wat er te doen is" in dutch.text


def test_a_search_finds_by_number_and_by_key_and_keeps_no_value(desk: Desk) -> None:
    customer = desk.customers[-1]
    request, _ = desk.identity()
    before = len(desk.register.trail.events(request))
    for text in (request, str(customer)):
        reply = searched(desk, "anna", f" {text} ")
        assert (reply.status_code, request in reply.text) == (200, True)
    looks = desk.register.trail.events(request)[before:]
    assert [(h.type, h.actor, p["found_by"]) for h, p in looks if p] == [
        ("request_viewed", "airflow:anna", way) for way in ("id", "key")
    ]
    assert "No request was found." in text_of(searched(desk, "anna", "nobody@example.org").text)
    assert "No request was found." in text_of(searched(desk, "kim", str(customer)).text)
    assert searched(desk, "anna", "  ").status_code == 422
    assert [
        row["request"]
        for row in desk.ask("anna", "POST", "/requests/search", json={"text": request}).json()["requests"]
    ] == [request]
    assert desk.browse("anna", "/search", {"token": "forged", "text": request}).status_code == 403


def test_chosen_requests_are_assigned_listed_or_left_as_they_are(desk: Desk) -> None:
    (first, _), (second, _) = desk.identity(), desk.identity()

    def owners() -> list[str | None]:
        return [owner(desk.register.facts.timeline(request)) for request in (first, second)]

    page = text_of(bulk(desk, "anna", do="assign", to="Otto").text)
    assert ("No request was chosen." in page, owners()) == (True, [None, None])
    done = bulk(desk, "anna", first, second, do="assign", to="Otto")
    assert (done.status_code, owners()) == (303, ["Otto", "Otto"])
    assert "2 requests." in text_of(
        desk.browse("anna", done.headers["location"].removeprefix("/afschrift")).text
    )
    assert {first, second} <= shown(desk, "anna", "?owner=Otto")
    assert not {first, second} & shown(desk, "anna", "?owner=-")
    printed = bulk(desk, "anna", first, do="print").text
    assert (first in printed, second in printed, "<form" in printed) == (True, False, False)
    wrong = bulk(desk, "anna", first, second, do="assign", to="Ivo", text="Een storing.")
    assert (wrong.status_code, "No officer" in wrong.text, "Een storing." in wrong.text) == (422, True, True)
    assert bulk(desk, "anna", first, do="withdraw", text="x").status_code == 422
    assert [f.kind for f in desk.register.facts.timeline(first).facts if f.kind != "assigned"] == []
    assert bulk(desk, "dirk", first, do="assign", to="Otto").status_code == 403
