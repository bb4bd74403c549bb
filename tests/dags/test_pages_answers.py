"""Answers on the plain pages in Airflow's own application: texts, grounds and files, and where they are kept."""

import json

import pytest
from tests.support.pages import Desk, text_of, token_in, token_of

pytestmark = pytest.mark.airflow
TEXT = "Kanariezin over de man met de rode hoed"


def test_a_reason_in_words_is_kept_encrypted(desk: Desk) -> None:
    detail = {"columns": ["shop.customer.nickname", "shop.customer.rank"]}
    request, question = desk.asked(detail=detail)
    page = text_of(desk.browse("anna", f"/questions/{question}").text)
    assert all(text in page for text in ("What is judged", "nickname", "rank"))
    assert "They stay, in this request alone" in page
    wrong = desk.send("anna", f"/questions/{question}", {"text": TEXT})
    assert (wrong.status_code, TEXT in wrong.text) == (422, True)
    long = desk.send("anna", f"/questions/{question}", {"choice": "exclude", "text": TEXT * 1000})
    assert (long.status_code, '<a href="#f-text">Reason</a>' in long.text) == (422, True)
    done = desk.send("anna", f"/questions/{question}", {"choice": "exclude", "text": f"{TEXT}\r\nTwee."})
    assert done.status_code == 303
    [decision] = [d for d in desk.register.decisions.of(request) if d.question == question]
    assert desk.register.decisions.text(request, decision.text or "") == f"{TEXT}\nTwee."
    assert_nowhere(desk, request)


def assert_nowhere(desk: Desk, request: str) -> None:
    """The text is encrypted in the register, and nowhere in clear."""
    from tests.privacy.canary_search import search

    assert search(desk.home, {"words": TEXT}) == []
    assert search(desk.env.home, {"words": TEXT}) == []
    assert TEXT not in json.dumps(desk.events(request))


def test_decision_form_follows_choice_and_ground(desk: Desk) -> None:
    from tests.support.ground_forms import GROUNDS, complete

    from afschrift.law.grounds import Outcome

    request, question = desk.decision()
    path = f"/questions/{question}"
    first = desk.browse("anna", path).text
    assert f"{path}?choice=refuse&amp;ground=manifestly_unfounded" in first
    assert f"{path}?choice=fulfil" in first
    assert "An officer asked for it" in text_of(first)
    assert 'id="answer"' not in first
    chosen = f"{path}?choice=refuse&ground=manifestly_unfounded"
    page = desk.browse("anna", chosen).text
    shown = text_of(page)
    assert "When it fits For requests for access and portability." in shown
    assert "a second signer agrees" in shown
    assert "The letter “Refusal”" in shown
    assert "What happened (needed)" in shown
    assert "f.costs" not in page  # of the outcome `charge` alone
    form = complete("manifestly_unfounded", Outcome.REFUSE) | {"objective": TEXT}
    fields = {"choice": "refuse", "ground": "manifestly_unfounded", "f.objective": TEXT}
    lacking = desk.send("anna", chosen, fields)
    assert (lacking.status_code, TEXT in lacking.text) == (422, True)
    assert '<a href="#f-subjective">What shows the intention</a>' in lacking.text
    fields |= {f"f.{name}": value for name, value in GROUNDS.texts(form).items()}
    done = desk.send("anna", chosen, fields)
    assert done.status_code == 303
    register = desk.register
    [signer] = [q for q in register.questions.all(request_id=request) if q.kind == "decision_signed"]
    recorded = desk.browse("anna", done.headers["location"].removeprefix("/afschrift")).text
    assert "A second signer, who is another person" in text_of(recorded)
    assert signer.id in recorded
    assert_nowhere(desk, request)

    sign = f"/questions/{signer.id}"
    assert desk.browse("anna", sign).status_code == 404
    shown = desk.browse("sam", sign).text
    assert "Manifestly unfounded" in shown or "manifestly_unfounded" in shown
    texts = desk.browse("sam", f"{sign}/look", {"token": token_of(shown)})
    assert (texts.status_code, TEXT in texts.text) == (200, True)
    assert [kind for kind, _ in desk.events(request)][-1] == "case_viewed"
    assert desk.browse("sam", f"{sign}/look", {"token": "x"}).status_code == 403
    agreed = desk.send("sam", sign, {"choice": "agree"})
    page = text_of(desk.browse("sam", agreed.headers["location"].removeprefix("/afschrift")).text)
    assert "Letter to send" in page
    assert "Send the letter" in page


def test_manual_search_keeps_uploaded_files(desk: Desk) -> None:
    customer = desk.customers[-1]
    request, question = desk.manual()
    path = f"/questions/{question}"
    page = text_of(desk.browse("kim", path).text)
    assert "Search by name or e-mail address." in page
    assert "Why it was not searched (needed for “Not searched”)" in page
    token = token_of(desk.browse("kim", path).text)
    keys = text_of(desk.browse("kim", f"{path}/look", {"token": token}).text)
    assert f"Customer number {customer}" in keys
    assert "identity_read" in [kind for kind, _ in desk.events(request)]

    given = {"choice": "given"}
    none = desk.send("kim", path, given)
    assert (none.status_code, '<a href="#f-files">Files</a>' in none.text) == (422, True)
    program = ("files", ("mail.txt", b"#!/bin/sh\necho\n", "text/plain"))
    turned = desk.send("kim", path, given, upload=[program])
    assert turned.status_code == 422
    assert "no. 1: A file is a program" in text_of(turned.text)
    assert "mail.txt" not in turned.text
    letter = f"Subject: {TEXT}\n\n".encode() + b"x" * 3_000_000
    mail = ("files", (f"C:\\{TEXT}.txt", letter, "text/plain"))
    assert desk.send("kim", path, {"choice": "nothing_held"}, upload=[mail]).status_code == 422
    done = desk.send("kim", path, given, upload=[mail])
    assert done.status_code == 303
    register = desk.register
    [kept] = [t for t in register.cases.texts(request, "test") if t.kind == "document"]
    assert (kept.name, kept.size) == (f"{TEXT}.txt", len(letter))
    assert b"".join(register.documents.read(kept.id, "test")) == letter
    assert_nowhere(desk, request)


def test_too_large_file_is_reported_on_the_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, question = desk.manual()
    monkeypatch.setenv("AFSCHRIFT_MANUAL_MEGABYTES", "0.1")
    large = ("files", ("mail.txt", b"x" * 300_000, "text/plain"))
    reply = desk.send("kim", f"/questions/{question}", {"choice": "given"}, upload=[large])
    assert reply.status_code == 422
    assert "larger than the 0.1 MB that are taken" in text_of(reply.text)
    assert desk.register.questions.get(question).answered_at is None


def test_upload_without_the_role_is_not_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from afschrift.app.roles_file import load_roles
    from afschrift.questions.ask import assign
    from afschrift.web.multipart import EncryptedTempFile

    written: list[int] = []
    plain = EncryptedTempFile.write

    def counted(veil: EncryptedTempFile, data: bytes) -> int:
        written.append(len(data))
        return plain(veil, data)

    monkeypatch.setattr(EncryptedTempFile, "write", counted)
    request, manual = desk.manual()
    _, identity = desk.identity()
    own = token_in(desk.browse("kim", f"/questions/{manual}").text)
    otto = token_in(desk.browse("otto", f"/questions/{manual}").text)
    assign(desk.register, load_roles(), manual, "Kim", "airflow:anna")
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
        (
            "anna",
            f"/questions/{identity}",
            token_in(desk.browse("anna", f"/questions/{identity}").text),
            422,
            {},
        ),
    ):
        reply = desk.browse(user, path, {"token": token, "choice": "given"}, upload=upload, **more)
        assert (reply.status_code, written) == (status, []), (user, path)
        assert ("choose them again" in reply.text) == (path.endswith(manual) and status == 403 and (
            token == otto))  # fmt: skip
    kind, payload = next(e for e in reversed(desk.events(request)) if e[0] == "answer_refused")
    assert (kind, payload["role"]) == ("answer_refused", "keeper")
    no_form = {"content": b"x", "headers": {"Content-Type": "text/plain"}}  # 422 once it is read
    assert desk.browse("ivo", f"/questions/{manual}", {}, **no_form).status_code == 404
    assert desk.browse("dirk", f"/questions/{manual}", {}, **no_form).status_code == 403

    long = {"headers": {"Content-Length": "2008000001"}}  # four times 500 MB, and what is around it
    refused = desk.browse("kim", f"/questions/{manual}", {"token": own}, upload=upload, **long)
    assert (refused.status_code, written) == (422, [])
    assert "longer than the 2,008 MB that are taken, its files together" in text_of(refused.text)
    taken = desk.browse("kim", f"/questions/{manual}", {"token": own, "choice": "given"}, upload=upload)
    assert (taken.status_code, sum(written)) == (303, 500_000)
