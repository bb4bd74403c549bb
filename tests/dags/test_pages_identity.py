"""The page on which an identity is confirmed: masks, whose the keys are beside the message, and other keys."""

from __future__ import annotations

from contextlib import suppress

import pytest
from tests.support.installed import Installation
from tests.support.pages import Browse, app, asked_identity, browse, installation, text_of

pytestmark = [pytest.mark.airflow]

__all__ = ["app", "browse", "installation"]
CUSTOMER = 900001


def look_up_token(html: str) -> str:
    [form] = [part for part in html.split("<form") if '/look-up"' in part]
    return form.partition('name="token" value="')[2].partition('"')[0]


def unmask_token(html: str) -> str:
    [form] = [part for part in html.split("<form") if '/look"' in part]
    return form.partition('name="token" value="')[2].partition('"')[0]


def looked(installation: Installation, browse: Browse, request: str, question: str) -> None:
    """Ask on the page, and do what the task does."""
    from afschrift.steps.read_identifying import look_up

    page = browse("anna", f"/questions/{question}").text
    reply = browse("anna", f"/questions/{question}/look-up", {"token": look_up_token(page)})
    assert reply.status_code == 303
    page = text_of(browse("anna", reply.headers["location"].removeprefix("/afschrift")).text)
    assert f"Run {request}.1 looks." in page
    assert "Asked by anna on" in page
    look_up(installation.services, request)


def name_of(installation: Installation) -> str:
    import duckdb

    with duckdb.connect(str(installation.warehouse / "shop.duckdb"), read_only=True) as con:
        [(name,)] = con.execute("SELECT last_name FROM customer WHERE customer_id = ?", [CUSTOMER]).fetchall()
    return str(name)


def test_page_shows_masks_and_values_only_on_request(browse: Browse, installation: Installation) -> None:
    request, question = asked_identity(installation, CUSTOMER)
    name = name_of(installation)
    before = browse("anna", f"/questions/{question}").text
    assert str(CUSTOMER) not in before
    assert "9•••••" in before
    looked(installation, browse, request, question)

    page = browse("anna", f"/questions/{question}").text
    assert name not in page
    assert f"{name[0]}•••••" in page
    assert "Looked up for anna on" in text_of(page)
    token = unmask_token(page)
    assert browse("anna", f"/questions/{question}/look").status_code == 405
    shown = browse("anna", f"/questions/{question}/look", {"token": token})
    assert shown.status_code == 200
    assert name in shown.text
    assert str(CUSTOMER) in shown.text
    assert "Please send me my data." in shown.text
    [read] = [p for kind, p in installation.events(request) if kind == "identity_read"]
    assert read["held"] == {"role": "officer", "source": "roles_file"}
    assert name not in str(installation.events(request))


def test_other_roles_see_no_masks(browse: Browse, installation: Installation) -> None:
    _, question = asked_identity(installation, CUSTOMER)
    page = browse("dirk", f"/questions/{question}").text
    assert "•••••" not in page
    assert browse("dirk", f"/questions/{question}/look", {"token": "x"}).status_code == 403
    assert browse("dirk", f"/questions/{question}/look-up", {"token": "x"}).status_code == 403
    assert browse("dirk", f"/questions/{question}/keys").status_code == 403
    assert browse("sam", f"/questions/{question}/keys").status_code == 404


def test_post_from_elsewhere_is_refused(browse: Browse, installation: Installation) -> None:
    request, question = asked_identity(installation, CUSTOMER)
    token = unmask_token(browse("anna", f"/questions/{question}").text)
    for path in ("look-up", "keys"):
        fields = {"token": token, "key.customer_id": "1"}
        assert browse("anna", f"/questions/{question}/{path}", fields).status_code == 403
    assert installation.services.register.look_ups.going(request) is None


def test_keys_are_corrected_on_the_page(browse: Browse, installation: Installation) -> None:
    request, question = asked_identity(installation, CUSTOMER)
    looked(installation, browse, request, question)
    page = browse("anna", f"/questions/{question}/keys").text
    assert str(CUSTOMER) not in page
    token = page.partition('name="token" value="')[2].partition('"')[0]
    none = browse("anna", f"/questions/{question}/keys", {"token": token})
    assert (none.status_code, "No key was given" in none.text) == (422, True)
    reply = browse("anna", f"/questions/{question}/keys", {"token": token, "key.customer_id": "4711"})

    assert reply.status_code == 303
    [now] = installation.services.register.questions.all(request_id=request)
    assert reply.headers["location"].startswith(f"/afschrift/questions/{now.id}?notice=")
    assert now.id != question
    recorded = text_of(browse("anna", reply.headers["location"].removeprefix("/afschrift")).text)
    assert "customer_id corrected. Who asks is to be confirmed for these keys." in recorded
    assert "4•••••" in recorded
    assert "4711" not in recorded
    looked_again = text_of(browse("anna", f"/questions/{now.id}").text)
    assert "It was not looked up yet" in looked_again
    gone = browse("anna", f"/questions/{question}/keys")
    assert (gone.status_code, "overtaken" in gone.text) == (403, True)


def test_message_without_key_asks_for_one(browse: Browse, installation: Installation) -> None:
    from afschrift.domain.errors import NeedsPersonError
    from afschrift.steps.assess import assess

    request = installation.submit(CUSTOMER, "access", authenticated=False, keys={})
    with suppress(NeedsPersonError):
        assess(installation.services, request)
    [question] = installation.services.register.questions.all(request_id=request)
    page = browse("anna", f"/questions/{question.id}").text
    assert "The message gave no key" in text_of(page)
    assert "/look-up" not in page


def test_keys_are_looked_up_over_rest(browse: Browse, installation: Installation) -> None:
    from afschrift.steps.read_identifying import look_up

    request, _ = asked_identity(installation, CUSTOMER)
    path = f"/api/requests/{request}"
    refused = browse("dirk", f"{path}/look-up", method="POST")
    assert refused.status_code == 403
    asked = browse("anna", f"{path}/look-up", method="POST").json()
    assert asked["run"] == f"{request}.1"
    look_up(installation.services, request)
    assert browse("ivo", f"{path}/identity", method="POST").status_code == 403
    found = browse("anna", f"{path}/identity", method="POST").json()
    assert found["keys"] == {"customer_id": str(CUSTOMER)}
    assert name_of(installation) in str(found["tables"])
    changed = browse("anna", f"{path}/keys", method="POST", json={"keys": {"customer_id": "4711"}}).json()
    assert (changed["changed"], "4711" in str(changed)) == (["customer_id"], False)
    wrong = browse("anna", f"{path}/keys", method="POST", json={"keys": {"customer_id": 4711}})
    assert (wrong.status_code, "4711" in wrong.text) == (422, False)
