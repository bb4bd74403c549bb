"""The page of a review in Airflow's own application: what will be sent, and what is ticked to be masked."""

from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from playwright.sync_api import Browser
from tests.airflow_support import log_in
from tests.support.browsing import must_fit_and_be_accessible, opened
from tests.support.nightly import nightly_after
from tests.support.pages import follow, parts, press, text_of, token_in
from tests.support.reviewing import BALANCE, BODY, LINE, NEIGHBOUR, SPAN, Reviewers
from tests.support.served import served

from afschrift.domain.redaction import Pointer, TablePointers

pytestmark = pytest.mark.airflow

PEOPLE = """
people:
  Anna: {accounts: ["airflow:anna"], roles: [officer]}
  Ada: {accounts: ["airflow:ada"], roles: [auditor]}
  Ivo: {accounts: ["airflow:ivo"], roles: [intake]}
"""


@pytest.fixture
def reviewers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviewers:
    made = Reviewers.set_up(tmp_path, monkeypatch)
    (tmp_path / "home" / "roles.yml").write_text(PEOPLE, encoding="utf-8")
    return made


def client(app: Any, user: str) -> Any:
    from starlette.testclient import TestClient

    cookies, headers = {"_token": log_in(user)}, {"Sec-Fetch-Site": "same-origin"}
    return TestClient(app, cookies=cookies, headers=headers, follow_redirects=False)


def test_reviewer_masks_a_name_in_the_bundle(reviewers: Reviewers, app: Any) -> None:
    request = reviewers.store()
    question = reviewers.asked(request)
    anna = client(app, "anna")
    link = anna.get(f"/afschrift/questions/{question.id}").text
    assert f'href="/afschrift/review/{request}"' in link
    assert NEIGHBOUR not in link
    page = anna.get(f"/afschrift/review/{request}")
    assert page.status_code == 200
    shown = text_of(page.text)
    assert BODY in shown
    assert "shop.ticket_message 3 rows" in shown
    assert "Reviewed because Policy" in shown
    register = reviewers.bureau.register
    assert [h.type for h, _ in register.trail.events(request)][-1] == "bundle_viewed"

    open_line = LINE.replace("rights_of_others", "GROUND")
    fields = {"token": token_in(page.text), "choice": "redact", "f.redactions.line": open_line}
    answer = f"/afschrift/questions/{question.id}"
    open_ground = anna.post(answer, files=parts(fields))
    assert (open_ground.status_code, f"{open_line}</textarea>" in open_ground.text) == (422, True)
    fields["f.redactions.ground"] = "rights_of_others"
    lacking = anna.post(answer, files=parts(fields))
    assert lacking.status_code == 422
    assert '<a href="#f-rights_of_others.effect">' in lacking.text
    assert f"{LINE}</textarea>" in lacking.text  # a tick is a written line from now on
    fields |= {f"f.rights_of_others.{name}": text for name, text in BALANCE.items()}
    fields |= {"f.rights_of_others.right_of_others": "privacy"}
    assert anna.post(answer, files=parts(fields)).status_code == 303
    [decision] = [d for d in register.decisions.of(request) if d.question == question.id]
    assert decision.choice == "redact"
    reviewers.asked(request)
    again = text_of(anna.get(f"/afschrift/review/{request}?table=shop.ticket_message&rows=3").text)
    assert NEIGHBOUR not in again
    assert "1 redacted" in again
    late = anna.post(answer, files=parts(fields))
    assert (late.status_code, "answered already" in late.text) == (409, True)


def test_who_sees_what(reviewers: Reviewers, app: Any) -> None:
    request = reviewers.store()
    waiting = client(app, "anna").get(f"/afschrift/review/{request}")
    assert (waiting.status_code, "Nothing is planned" in waiting.text) == (409, True)
    reviewers.asked(request)
    ada = client(app, "ada").get(f"/afschrift/review/{request}").text
    assert "Values are not shown to your roles." in text_of(ada)
    assert NEIGHBOUR not in ada
    assert "<form" not in ada
    assert client(app, "ivo").get(f"/afschrift/review/{request}").status_code == 403
    assert client(app, "anna").get(f"/afschrift/review/{request}?rows=x").status_code == 422


@pytest.mark.needs_program("chromium")
@pytest.mark.parametrize(("width", "scheme"), nightly_after(1, [(360, "dark"), (1280, "light")]))
def test_reviewer_ticks_lines_to_mask(
    browser: Browser, reviewers: Reviewers, app: Any, width: int, scheme: Literal["light", "dark"]
) -> None:
    request = reviewers.store()
    reviewers.asked(request)
    found = TablePointers((Pointer(1, "body", *SPAN, "name"),), {"name": 1})
    with reviewers.services.staging(request).writer("pointers/shop.json") as sink:  # as the finder leaves it
        sink.write(msgspec.json.encode({"ticket_message": found}))
    with served(app) as address:
        page = opened(browser, address, viewport={"width": width, "height": 900}, color_scheme=scheme)
        follow(page, f"{address}/afschrift", f"/review/{request}")
        must_fit_and_be_accessible(page, width, scrolls=True)
        page.get_by_label(NEIGHBOUR).check()
        page.get_by_role("radio", name="Redact, then ask again").check()
        page.get_by_label("Ground for what is ticked").select_option(label="Rights of others")
        page.get_by_text("For lines on the ground “Rights of others”").click()
        page.get_by_role("radio", name="Privacy").check()
        for name, text in BALANCE.items():
            page.locator(f"id=f-rights_of_others.{name}").fill(text)
        press(page, page.get_by_role("button", name="Record"))
        assert page.get_by_role("heading", name="Recorded").is_visible()
        page.context.close()
    decision = reviewers.bureau.register.decisions.of(request)[-1]
    assert decision.choice == "redact"
    assert decision.detail["grounds"] == {"rights_of_others": {"right_of_others": "privacy"}}
