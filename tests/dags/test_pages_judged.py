"""What is judged on a question's page: masked, whole on asking, and nothing of it for another site."""

from __future__ import annotations

import pytest
from tests.support.pages import Desk, text_of

from afschrift.casework.handlers import HANDLERS, Handlers
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.questions.view import Kept, Line, Section, masked
from afschrift.register.records import QuestionRow

pytestmark = pytest.mark.airflow

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
    monkeypatch.setitem(HANDLERS, TOY.name, Handlers(view=view))
    request = desk.submit(desk.customers.pop(), "access")
    register = desk.register
    ask(register, request, [OpenQuestion(TOY, TOY.options, "A toy.", {"n": 9341}, kept={"mail": VALUE})])
    return register.questions.all(request_id=request)[-1]


def looks(desk: Desk, question: QuestionRow) -> list[tuple[str, str]]:
    found = desk.register.trail.events(question.request)
    return [(h.actor, p["values"]) for h, p in found if h.type == "question_viewed" and p]


def show_token(html: str) -> str:
    [form] = [part for part in html.split("<form") if "/shown" in part]
    return form.partition('name="token" value="')[2].partition('"')[0]


def test_page_shows_rows_masked_and_values_on_request(desk: Desk, question: QuestionRow) -> None:
    path = f"/questions/{question.id}"
    page = desk.browse("anna", path, headers=OURS).text
    assert "Where it is used E-mail ka••••rg" in text_of(page)
    assert "8231" in page
    assert "9341" not in page  # the view replaces the detail
    assert f'href="/afschrift/requests/{question.request}">{question.request}' in page
    assert VALUE not in page
    assert looks(desk, question) == [("airflow:anna", "masked")]
    whole = desk.browse("anna", f"{path}/shown", {"token": show_token(page), "unmask": "true"})
    assert (whole.status_code, VALUE in whole.text, "Show the values" in whole.text) == (200, True, False)
    assert 'id="answer"' in whole.text
    assert looks(desk, question)[1:] == [("airflow:anna", "unmasked")]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=["another site", "a mail program", "an origin"])
def test_values_are_shown_to_our_own_page_only(
    desk: Desk, question: QuestionRow, headers: dict[str, str]
) -> None:
    path = f"/questions/{question.id}"
    token = show_token(desk.browse("anna", path, headers=OURS).text)
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
