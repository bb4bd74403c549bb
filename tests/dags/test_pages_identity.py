"""Pages that show what is judged, masked and whole on asking: of a question, and of the keys of an identity."""

import pytest
from tests.support.pages import Desk, text_of

from afschrift.casework.handlers import HANDLERS, Handlers
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.questions.view import Kept, Line, Section, masked
from afschrift.register.records import QuestionRow
from afschrift.steps.read_identifying import look_up

pytestmark = pytest.mark.airflow

CUSTOMER = 900001


def token_of(html: str, form: str) -> str:
    """The token of the form that goes to an address with these words."""
    [found] = [part for part in html.split("<form") if form in part]
    return found.partition('name="token" value="')[2].partition('"')[0]


def looked(desk: Desk, request: str, question: str) -> None:
    """Ask on the page, and do what the task does."""
    page = desk.browse("anna", f"/questions/{question}").text
    reply = desk.browse("anna", f"/questions/{question}/look-up", {"token": token_of(page, '/look-up"')})
    assert reply.status_code == 303
    page = text_of(desk.browse("anna", reply.headers["location"].removeprefix("/afschrift")).text)
    assert f"Run {request}.1 looks." in page
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
    assert desk.browse("dirk", f"{path}/keys").status_code == 403
    assert desk.browse("sam", f"{path}/keys").status_code == 404
    token = token_of(desk.browse("anna", path).text, '/look"')
    for form in ("look-up", "keys"):
        fields = {"token": token, "key.customer_id": "1"}
        assert desk.browse("anna", f"{path}/{form}", fields).status_code == 403
    assert desk.register.look_ups.going(request) is None


def test_keys_are_corrected_on_the_page(desk: Desk) -> None:
    request, question = desk.identity(CUSTOMER)
    looked(desk, request, question)
    page = desk.browse("anna", f"/questions/{question}/keys").text
    assert str(CUSTOMER) not in page
    token = page.partition('name="token" value="')[2].partition('"')[0]
    none = desk.browse("anna", f"/questions/{question}/keys", {"token": token})
    assert (none.status_code, "No key was given" in none.text) == (422, True)
    reply = desk.browse("anna", f"/questions/{question}/keys", {"token": token, "key.customer_id": "4711"})

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
    gone = desk.browse("anna", f"/questions/{question}/keys")
    assert (gone.status_code, "overtaken" in gone.text) == (403, True)


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
    assert (changed["changed"], "4711" in str(changed)) == (["customer_id"], False)
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
