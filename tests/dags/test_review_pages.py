"""The review on pages: at a glance, one table, one file, and what is kept between them."""

import re
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import msgspec
import pytest
from playwright.sync_api import Browser
from tests.airflow_support import log_in
from tests.support.browsing import keep, must_fit_and_be_accessible, opened, served
from tests.support.nightly import nightly_after
from tests.support.pages import ROLES, follow, parts, press, text_of, token_in
from tests.support.reviewing import BALANCE, NEIGHBOUR, SPAN, Reviewers

from afschrift.domain.redaction import Pointer, TablePointers

pytestmark = pytest.mark.airflow
TABLE = "shop.ticket_message"
PLACE = f"{TABLE} #1 body {SPAN[0]}:{SPAN[1]}"


@pytest.fixture
def reviewers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviewers:
    made = Reviewers.set_up(tmp_path, monkeypatch)
    (tmp_path / "home" / "roles.yml").write_text(ROLES, encoding="utf-8")
    return made


def point(reviewers: Reviewers, request: str, **found: TablePointers) -> None:
    """As the finder leaves it."""
    found = found or {"ticket_message": TablePointers((Pointer(1, "body", *SPAN, "name"),), {"name": 1})}
    with reviewers.services.staging(request).writer("pointers/shop.json") as sink:
        sink.write(msgspec.json.encode(found))


def client(app: Any, user: str) -> Any:
    from starlette.testclient import TestClient

    cookies, headers = {"_token": log_in(user)}, {"Sec-Fetch-Site": "same-origin"}
    return TestClient(app, cookies=cookies, headers=headers, follow_redirects=False)


def fields_of(html: str, **more: Any) -> dict[str, Any]:
    """The hidden fields of the form of a table, and what is filled in."""
    form = html.partition('id="answer"')[2]
    found: dict[str, Any] = {"shown": re.findall(r'name="shown" value="([^"]*)"', form)}
    for name in ("token", "table", "first", "version"):
        found[name] = re.findall(rf'name="{name}" value="([^"]*)"', form)[0]
    return found | more


def test_reviewer_masks_a_name_in_the_bundle(reviewers: Reviewers, app: Any) -> None:
    request = reviewers.store()
    question = reviewers.asked(request)
    point(reviewers, request)
    anna, address = client(app, "anna"), f"/afschrift/review/{request}"
    link = anna.get(f"/afschrift/questions/{question.id}").text
    assert f'href="{address}"' in link
    first = anna.get(address)
    assert (first.status_code, NEIGHBOUR in first.text) == (200, False)
    shown = text_of(first.text)
    assert (
        "1 place is to be judged in 1 table." in shown and "Reviewed because The policy asks for it" in shown
    )
    register = reviewers.bureau.register
    assert [h.type for h, _ in register.trail.events(request)][-1] == "bundle_viewed"

    table = anna.get(f"{address}?table={TABLE}").text
    assert f"<mark>{NEIGHBOUR}</mark>" in table
    fields = fields_of(table, line=PLACE, go="next")
    open_ground = anna.post(address, files=parts(fields))
    assert (open_ground.status_code, "choose on which ground" in open_ground.text) == (422, True)
    assert re.search(rf'value="{PLACE}" checked', open_ground.text)
    kept = anna.post(address, files=parts(fields | {"ground": "rights_of_others"}))
    assert (kept.status_code, kept.headers["location"]) == (303, address)
    assert register.decisions.of(request)[-1].kind != "review"  # nothing is final yet
    staged = [*(reviewers.folder / "home").rglob("reviews/*")]
    assert staged and not any(b"ticket_message" in path.read_bytes() for path in staged)

    otto = client(app, "otto")
    again = otto.get(address).text  # a colleague goes on where she stopped
    assert "1 place is ticked to be masked" in text_of(again)
    line = f"{PLACE} rights_of_others"
    assert f"{line}</textarea>" in again
    fields = {"token": token_in(again), "choice": "redact", "f.redactions": line}
    answer = f"/afschrift/questions/{question.id}"
    lacking = otto.post(answer, files=parts(fields))
    assert (lacking.status_code, '<a href="#f-rights_of_others.effect">' in lacking.text) == (422, True)
    assert f"{line}</textarea>" in lacking.text
    fields |= {f"f.rights_of_others.{name}": text for name, text in BALANCE.items()}
    fields |= {"f.rights_of_others.right_of_others": "privacy"}
    assert otto.post(answer, files=parts(fields)).status_code == 303
    [decision] = [d for d in register.decisions.of(request) if d.question == question.id]
    assert decision.choice == "redact"
    late = otto.post(answer, files=parts(fields))
    assert (late.status_code, "answered already" in late.text) == (409, True)

    reviewers.asked(request)
    glance = text_of(anna.get(address).text)
    assert "1 redacted changed since the last bundle" in glance
    again = anna.get(f"{address}?table={TABLE}").text
    assert NEIGHBOUR not in again and "1 redacted" in text_of(again)


def test_who_sees_what(reviewers: Reviewers, app: Any) -> None:
    request = reviewers.store()
    waiting = client(app, "anna").get(f"/afschrift/review/{request}")
    assert (waiting.status_code, "Nothing is planned" in waiting.text) == (409, True)
    reviewers.asked(request)
    point(reviewers, request)
    ada = client(app, "ada")
    for query in ("", f"?table={TABLE}"):
        page = ada.get(f"/afschrift/review/{request}{query}").text
        assert "Values are not shown to your roles." in text_of(page)
        assert (NEIGHBOUR in page, 'type="submit"' in page) == (False, False)
    assert client(app, "ivo").get(f"/afschrift/review/{request}").status_code == 403
    assert client(app, "anna").get(f"/afschrift/review/{request}?first=x").status_code == 422
    assert client(app, "anna").get(f"/afschrift/review/{request}?table=shop.none").status_code == 409


def test_refused_form_comes_back_with_all_that_was_typed(reviewers: Reviewers, app: Any) -> None:
    request = reviewers.store()
    reviewers.asked(request)
    point(reviewers, request)
    anna, otto = client(app, "anna"), client(app, "otto")
    address, by_key = f"/afschrift/review/{request}", {"column": "id", "row": "1"}
    fields = fields_of(anna.get(f"{address}?table={TABLE}").text, go="here", words="Grietje")
    ground = {"ground": "rights_of_others"}
    for more, status, words in (
        ({"line": PLACE}, 422, "choose on which ground"),
        (ground | {"words": "Grietje\nGrietjes"}, 422, "1 of them are in no text of this table"),
        (ground | by_key, 422, "a column of the key"),
        (ground | {"column": "body", "row": "9"}, 422, "the table has 3 rows"),
        (ground | {"shown": "x"}, 409, "names a place that is none of this table"),
        ({"token": "0" * 64, "line": PLACE}, 403, "Your log-in was renewed"),
    ):
        page = anna.post(address, files=parts(fields | more))
        assert (page.status_code, words in text_of(page.text)) == (status, True), (more, text_of(page.text))
        assert f"{(fields | more)['words']}</textarea>" in page.text
        assert ("line" in more) == (f'value="{PLACE}" checked' in page.text)
        assert not [*(reviewers.folder / "home").rglob("reviews/*")]

    theirs = fields_of(otto.get(f"{address}?table={TABLE}").text, go="here", **ground)
    words = {"words": "GRIETJE\npakket", "row": "3", "column": "body", **ground}
    kept = anna.post(address, files=parts(fields | words))
    assert (kept.status_code, kept.headers["location"]) == (303, f"{address}?table={TABLE}&first=1#kept")
    shown = anna.get(kept.headers["location"]).text
    assert re.findall(r"<mark>([^<]*)</mark>", shown) == ["Grietje", "pakket", "auto"]  # the pointer gave way
    late = otto.post(address, files=parts(theirs | {"line": PLACE}))
    assert (late.status_code, "anna kept other marks in this table" in text_of(late.text)) == (409, True)
    assert f'value="{PLACE}" checked' in late.text and "masked by anna" in text_of(late.text)


NOTES = """  {name}:
    subject: {{customer_id: customer_id}}
    key: [id]
    purposes: [account]
    columns:
      id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      note: {{origin: provided, title: {{nl: Notitie, en: Note}}}}
"""


def test_500_places_in_40_tables_are_shown_within_a_second(reviewers: Reviewers, app: Any) -> None:
    names = [f"note_{number:02}" for number in range(1, 41)]
    text = "Een gesprek van een kwartier over de levering. " * 8
    at = [text.index("kwartier"), text.index("kwartier") + 8]
    rows = ", ".join(f"({row}, 1, '{text}')" for row in range(1, 301))
    for name in names:
        reviewers.bureau.execute(
            f"CREATE TABLE {name} (id INTEGER, customer_id INTEGER, note VARCHAR)",
            f"INSERT INTO {name} VALUES {rows}",
        )
    reviewers.describe("  orders:\n", "".join(NOTES.format(name=name) for name in names) + "  orders:\n")
    request = reviewers.store(formats=["csv"])
    reviewers.asked(request)
    found = TablePointers(tuple(Pointer(row * 20, "note", *at, "name") for row in range(1, 14)), {"name": 13})
    point(reviewers, request, **dict.fromkeys(names, found))
    anna, address = client(app, "anna"), f"/afschrift/review/{request}"
    for query, words in (("", "520 places are to be judged in 40 tables."), ("?table=shop.note_01", "Note")):
        anna.get(f"{address}{query}")
        began = perf_counter()
        page = anna.get(f"{address}{query}")
        took = perf_counter() - began
        assert words in text_of(page.text)
        print(query, round(took, 3), len(page.text))
        assert took < 1
    assert page.text.count("<mark>") == 13


@pytest.mark.needs_program("chromium")
@pytest.mark.parametrize(("width", "scheme"), nightly_after(1, [(390, "dark"), (1280, "light")]))
def test_reviewer_ticks_lines_to_mask(
    browser: Browser, reviewers: Reviewers, app: Any, width: int, scheme: Literal["light", "dark"]
) -> None:
    request = reviewers.store()
    reviewers.asked(request)
    point(reviewers, request)
    with served(app) as address:
        page = opened(
            browser, address, viewport={"width": width, "height": 900}, color_scheme=scheme, locale="nl-NL"
        )
        follow(page, f"{address}/afschrift", f"/review/{request}")
        must_fit_and_be_accessible(page, width)
        keep(page, f"review-{width}")
        press(page, page.locator("a.go"))
        must_fit_and_be_accessible(page, width, scrolls=True)
        keep(page, f"review-table-{width}")
        page.get_by_label(NEIGHBOUR, exact=False).first.focus()
        page.keyboard.press("Space")
        assert page.get_by_text("[masked]").is_visible()
        page.locator("#ground").select_option("rights_of_others")
        keep(page, f"review-ticked-{width}")
        page.locator("#after").check()
        assert not page.get_by_text(NEIGHBOUR).first.is_visible()
        press(page, page.locator("button[value=next]"))
        keep(page, f"review-judged-{width}")
        page.locator("#f-rights_of_others\\.right_of_others-privacy").check()
        for name, text in BALANCE.items():
            page.locator(f"id=f-rights_of_others.{name}").fill(text)
        press(page, page.locator("#answer button[type=submit]"))
        page.context.close()
    decision = reviewers.bureau.register.decisions.of(request)[-1]
    assert decision.choice == "redact"
    assert decision.detail["grounds"] == {"rights_of_others": {"right_of_others": "privacy"}}
