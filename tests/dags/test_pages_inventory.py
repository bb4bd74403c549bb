"""The page of the data map in Airflow's own application: several answers in one go."""

import base64
import json
import os
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from tests.dags.test_pages_dutch import faults
from tests.support.map_page import WHY, Visit, both, change, events, map_text

from afschrift.inventory.load import load
from afschrift.register.trail.audit import AuditTrail
from afschrift.services import Services
from afschrift.web.map_review.map_form import pack_files

pytestmark = pytest.mark.airflow


def test_answers_are_written_together_and_taken_back(services: Services, visit: Visit) -> None:
    before, page = map_text(), visit()
    assert "3 questions." in page.text
    assert "confidence 0.90, because of the <b>name</b>" in page.text
    page.send("write", both(page))
    assert page.status == 200
    assert "email, 2 columns: provided" in page.text
    assert "2 decisions of yours about 3 columns" in page.text
    assert "1 question." in page.text
    tables = load(Path(os.environ["AFSCHRIFT_INVENTORY"])).sources["shop"].tables
    decided = tables["newsletter"].columns["email"].decided
    assert decided is not None and decided.review is not None
    assert (decided.by, decided.why) == ("anna", WHY)
    [event] = events(services, "map_confirmed")
    assert event["held"]["role"] == "officer"
    assert [decision["of"] for decision in event["decisions"]] == ["email", "name"]
    assert WHY not in str(event)  # the text is in the file only
    after = map_text()

    again = page.send("undo")
    assert (again.status, "Taken back" in again.text, map_text()) == (200, True, before)
    assert len(events(services, "map_confirmation_taken_back")) == 1
    assert "decisions of yours" not in again.text
    assert "There is nothing to take back" in page.send("undo").text
    page.send("write", both(page))
    assert map_text() == after
    assert "You went through them all" in page.text
    table = page.id("Table sku")
    assert "Nothing waits for a person." in page.send("write", {f"a.{table}": "yes"}).text


def test_question_shows_legal_basis_and_columns_that_inherit_its_answer(visit: Visit) -> None:
    ours, basis = "    key: [customer_id]\n", "Purposes account (A6-1-b) by the defaults of the source"
    assert basis not in visit().text
    change("    purposes: [account]\n", "")
    change("tables:\n", "defaults: {purposes: [account]}\ntables:\n")
    change(ours, f"{ours}    references: {{score: customer.name}}\n")
    shown = visit().text
    assert basis in shown
    assert "goes to shop.customer.score: what points here takes over" in shown


def test_submits_are_taken_back_in_reverse_order(visit: Visit) -> None:
    texts, page = [map_text()], visit()
    page.send("write", {f"a.{page.id('Table sku')}": "yes", "why": WHY})
    texts.append(map_text())
    page.send("write", both(page))
    for before in reversed(texts):
        assert page.send("undo").status == 200
        assert map_text() == before


def test_faults_are_shown_with_the_typed_values(visit: Visit) -> None:
    before, page = map_text(), visit()
    email, name = page.id("email"), page.id("name")
    wrong = {f"a.{email}": "other", f"c.{email}": "user.contact.emial", f"a.{name}": "yes", "why": " "}
    page.send("write", wrong)
    assert (page.status, map_text()) == (422, before)
    assert 'value="user.contact.emial"' in page.html
    assert "This category is not in the Fides taxonomy." in page.text
    page.send("write", {f"c.{email}": "user.contact.email"})
    assert "It is not decided yet where it comes from" in page.text
    page.send("write", {f"o.{email}": "provided"})
    assert (page.status, "Why it is right : is missing" in page.text) == (422, True)
    for day in ("2020-01-01", "tomorrow"):
        assert page.send("write", {"why": WHY, "again": day}).status == 422
    assert map_text() == before
    left = page.send("write", {"why": WHY, "again": "2099-01-31", f"a.{email}": "later"})
    assert (left.status, "choose “Otherwise”, or empty it" in left.text) == (422, True)
    assert page.send("write", {f"a.{email}": "other"}).status == 200
    assert "review: 2099-01-31" in map_text()


def test_answer_that_breaks_the_map_is_not_written(visit: Visit) -> None:
    change("name: {origin: provided, review", "name: {origin: provided, identifies: true, review")
    before, page = map_text(), visit()
    name = page.id("name")  # it identifies a person, so it is not about others
    page.send("write", both(page) | {f"a.{name}": "other", f"t.{name}": "mask"})
    assert (page.status, map_text()) == (409, before)
    assert "the data map would have faults" in page.text
    assert f'href="#g-{name}"' in page.html
    assert re.search(r'<option value="mask" selected>', page.html)


def test_treatment_of_third_party_data_is_required(services: Services, visit: Visit) -> None:
    change("name: {origin: provided, review", "name: {origin: provided, about: third_party, review")
    before, page = map_text(), visit()
    name = page.id("name")
    assert "It is not stated how the data about others in it are treated" in page.text
    assert f'id="a-yes-{name}"' not in page.html
    page.send("write", {f"a.{name}": "yes", "why": WHY})
    assert (page.status, map_text()) == (422, before)
    assert "every request would ask" in page.text
    page.send("write", {f"a.{name}": "other", f"t.{name}": "gone"})
    assert (page.status, map_text()) == (422, before)
    page.send("show", {f"a.{name}": "other", f"t.{name}": "own_use", "text": "sku"})
    assert page.send("write").status == 200  # from another page of questions
    assert map_text().startswith(before)
    added = map_text().removeprefix(before).splitlines()
    [line] = [line for line in added if line.lstrip().startswith("name:")]
    assert line.endswith("third_party: own_use}")
    assert "name, 1 column: provided, about others: own use" in page.text
    [event] = events(services, "map_confirmed")
    assert event["decisions"][0]["third_party"] == "own_use"
    page.send("undo")
    assert map_text() == before
    page.send("write", {f"a.{name}": "other", f"t.{name}": "subject", f"o.{name}": "", "text": ""})
    assert "name, 1 column: provided, not about others" in page.text
    assert "about: subject" in map_text()


def test_meaning_is_required_in_each_language(visit: Visit) -> None:
    before, page = map_text(), visit()
    email = page.id("email")
    answers = {f"a.{email}": "other", f"o.{email}": "inferred", "why": WHY}
    english = {f"m-en.{email}": "High is <good>", f"o.{email}": "provided"}
    for words, fault in (
        ({}, "A derived or inferred value needs a meaning."),
        ({f"m-nl.{email}": "Hoog is goed"}, "The meaning is missing in en."),
        (english, "belongs to a derived or inferred value"),
    ):
        answers |= words
        page.send("write", answers)
        assert (page.status, map_text(), fault in page.text) == (422, before, True)
    assert 'value="High is &lt;good&gt;"' in page.html
    page.send("show", {"text": "sku"})  # the other page holds it, and sends it along
    assert page.send("write", {f"o.{email}": "inferred"}).status == 200
    tables = load(Path(os.environ["AFSCHRIFT_INVENTORY"])).sources["shop"].tables
    meaning = tables["newsletter"].columns["email"].meaning
    assert meaning is not None
    assert dict(meaning.items()) == {"nl": "Hoog is goed", "en": "High is <good>"}
    assert map_text().count("High is <good>") == 2  # columns of the question


def test_pages_and_filters_keep_what_was_typed(services: Services, visit: Visit) -> None:
    page = visit()
    email = page.id("email")
    page.send("show", {f"a.{email}": "other", f"o.{email}": "provided", "text": "sku", "why": WHY})
    assert "What you said of 1 more, on other pages, is kept" in page.text
    shown = {name for name in page.held() if name.startswith("n.")} - {f"n.{email}"}
    assert shown == {f"n.{page.id('Table sku')}"}
    assert page.send("write").status == 200
    assert [decision["of"] for decision in events(services, "map_confirmed")[0]["decisions"]] == ["email"]
    assert "name" in visit("anna", "?sure=high&table=SHOP.customer").text
    for query in ("?sure=low", "?table=nowhere", "?text=%3Cscript%3E"):
        assert "No question is of this table, text and confidence." in visit("anna", query).text
    assert "<script>" not in visit("anna", "?text=%3Cscript%3E").html


def test_unmasked_samples_need_a_role_and_leave_an_event(services: Services, visit: Visit) -> None:
    page = visit()
    typed = both(page)
    email = page.id("email")
    page.send(f"samples:{email}", typed)
    assert "xxx@xxxxxxx.xxx" in page.text
    assert "ann@example.org" not in page.html
    assert f'name="a.{email}" value="other" checked' in page.html
    assert events(services, "map_samples_shown") == []
    page.send(f"values:{email}")
    assert "ann@example.org" in page.text
    [event] = events(services, "map_samples_shown")
    assert ("shop.newsletter.email" in event["columns"], "example" in str(event)) == (True, False)

    owner = visit("moe")
    assert "xxx@xxxxxxx.xxx" in owner.send(f"samples:{email}").text
    assert ("Values as they are take another role." in owner.text, "values:" in owner.html) == (True, False)
    owner.send(f"values:{email}")
    assert (owner.status, "ann@example.org" in owner.html) == (403, False)
    assert owner.send("write", both(owner)).status == 200
    assert events(services, "map_confirmed")[0]["held"]["role"] == "map_owner"


def test_map_with_faults_is_reported_and_typed_values_stay(visit: Visit) -> None:
    page = visit()
    file = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    good = file.read_text()
    file.write_text(good + "  oops: [\n")
    broken = page.send("write", both(page))
    assert (broken.status, "The data map has faults" in broken.text) == (409, True)
    assert f'value="{WHY}"' in broken.html
    file.parent.rename(file.parent.with_name("away"))
    gone = broken.send("write")
    assert (gone.status, "there is no such folder" in gone.text) == (409, True)
    assert str(file.parent) not in gone.html
    assert f'value="{WHY}"' in gone.html
    file.parent.with_name("away").rename(file.parent)
    file.write_text(good)
    assert broken.send("show").status == 200
    assert broken.send("write").status == 200
    assert "email, 2 columns: provided" in broken.text


STRANGE = ("<script>alert(1)</script>", 'a"><img src=x onerror=alert(1)>', "dots.and: colons #", "née Ωmega")


def test_names_with_special_characters_are_shown_and_answered(visit: Visit) -> None:
    from html import escape

    file = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    lines = "".join(f"      {json.dumps(name)}: {{origin: provided, review: needed}}\n" for name in STRANGE)
    table = "  odd:\n    subject: {customer_id: {column: id}}\n    columns:\n      id: {origin: assigned}\n"
    file.write_text(file.read_text() + table + lines)
    page = visit()
    assert ("<script>" in page.html, "<img" in page.html) == (False, False)
    shown = [escape(name).replace("&quot;", "&#34;").replace("&#x27;", "&#39;") for name in STRANGE]
    ids = [page.id(name) for name in shown]
    assert "Not personal: about no person" in page.text
    page.send("samples:" + ids[0])
    assert "the source has no such column" in page.text
    page.send("samples:" + ids[1], {f"s.{ids[0]}": "1"})
    assert [f'name="s.{name}"' in page.html for name in ids[:3]] == [True, True, False], "both looks count"
    page.send("write", {f"a.{name}": "yes" for name in ids} | {"why": 'it\'s "so": {a} # <b>'})
    assert (page.status, "<script>" in page.html) == (200, False)
    odd = load(file.parent).sources["shop"].tables["odd"].columns
    assert [odd[name].decided.why for name in STRANGE] == ['it\'s "so": {a} # <b>'] * len(STRANGE)  # type: ignore[union-attr]
    assert page.send("undo").status == 200
    assert "review: needed" in file.read_text().partition("odd:")[2]


def test_user_without_the_role_reads_why_and_writes_nothing(services: Services, visit: Visit) -> None:
    """Attempt: Confirm the data map without a role that may"""
    before = map_text()
    page, other = visit("ada"), visit()
    assert "You cannot answer here. This takes the role officer or map_owner." in page.text
    assert ('name="why"' in page.html, '<input type="radio"' in page.html) == (False, False)
    assert "email" in page.text
    asked = other.id("email")
    for do in ("write", "undo", f"samples:{asked}", f"values:{asked}"):
        reply = page.send(do, both(other) | {"undo": "x"})
        assert (reply.status, "xxx@" in reply.html) == (403, False)
    assert map_text() == before
    tried = [event for event in events(services, "answer_refused") if event["kind"] == "map"]
    assert len(tried) == 4
    assert visit("nobody").status == 403


def test_post_from_elsewhere_writes_nothing(visit: Visit) -> None:
    """Attempt: Have another site, or a stranger's token, confirm the data map"""
    before = map_text()
    page, otto = visit(), visit("otto")
    answers = both(page)
    assert page.send("write", answers, Sec_Fetch_Site="cross-site").status == 403
    assert visit().send("write", answers, Sec_Fetch_Site="same-site").status == 403
    page = visit()
    stale = page.send("write", answers | {"token": otto.held()["token"]})
    assert (stale.status, "Your log-in was renewed" in stale.text) == (403, True)
    assert f'value="{WHY}"' in stale.html
    assert stale.headers["cache-control"] == "no-store"
    assert map_text() == before
    assert stale.send("write").status == 200


def test_replay_and_answer_to_older_map_write_nothing(services: Services, visit: Visit) -> None:
    """Attempt: Send answers twice, or to questions of a map that was changed since"""
    page, slow = visit(), visit("otto")
    sent = page.held() | both(page)
    assert page.send("write", both(page)).status == 200
    after = map_text()
    again = page.send("write", sent)
    assert (again.status, map_text()) == (409, after)
    assert "These are not asked any more" in again.text
    assert "email: otherwise, provided" in again.text

    table = slow.id("Table sku")
    late = slow.send("write", both(slow) | {f"a.{table}": "yes"})
    assert (late.status, map_text()) == (409, after)
    assert "name: it is so" in late.text
    assert f'name="a.{table}" value="yes" checked' in late.html
    assert f'value="{WHY}"' in late.html
    assert slow.send("write").status == 200
    assert len(events(services, "map_confirmed")) == 2


@pytest.mark.parametrize("made_up", ["0" * 20, "../../etc/passwd", "x" * 5000, '"><script>', ""])
def test_invented_question_writes_nothing(visit: Visit, made_up: str) -> None:
    """Attempt: Answer a question that the data map does not ask"""
    before, page = map_text(), visit()
    page.send("write", {f"a.{made_up}": "yes", "why": WHY})
    assert (page.status >= 400, map_text()) == (True, before)
    assert "<script>" not in page.html
    page = visit()
    assert page.send(f"samples:{made_up}").status == 409
    assert "<script>" not in page.html


def test_invented_answer_is_no_yes(visit: Visit) -> None:
    """Attempt: Confirm a question by an answer that the page does not offer"""
    before, page = map_text(), visit()
    name = page.id("name")
    for made_up in ("", "none", "YES", "later "):
        page.send("write", {f"a.{name}": made_up, "why": WHY})
        assert (page.status, map_text()) == (422, before), made_up
    assert page.send("write", {f"a.{name}": "yes"}).status == 200


def test_forged_undo_writes_nothing(visit: Visit) -> None:
    """Attempt: Write a file of one's own into the data map by what takes answers back"""
    page = visit()
    page.send("write", both(page))
    after, [undo] = map_text(), page.held()["undo"]
    folder = Path(os.environ["AFSCHRIFT_INVENTORY"])
    deep = base64.b64encode(zlib.compress(b"[" * 200_000)).decode()
    forged = {folder / "shop.yml": (folder / "shop.yml").read_bytes().replace(b"name:", b"nam:")}
    packed = [pack_files(files) for files in (forged, {folder / "other.yml": b"x"}, {})]
    for undo_text in (*packed, "x", undo[:-8] + "AAAA", deep):
        reply = page.send("undo", {"undo": undo_text})
        assert (reply.status, map_text()) == (409, after)
    assert not (folder / "other.yml").exists()
    assert visit("otto").send("undo", {"undo": undo}).status == 409  # they are not Otto's answers
    change("tables:", "# a pull\ntables:")
    pulled = map_text()
    assert page.send("undo", {"undo": undo}).status == 409
    assert map_text() == pulled != after


def fails(error: Exception) -> Any:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_unwritable_files_are_reported(
    services: Services, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, before = visit(), map_text()
    monkeypatch.setattr(Path, "write_bytes", fails(OSError(30, "Read-only file system")))
    page.send("write", both(page))
    assert (page.status, map_text()) == (409, before)
    assert "cannot be written from here (Read-only file system)" in page.text
    assert f'value="{WHY}"' in page.html
    assert events(services, "map_confirmed") == []
    monkeypatch.setattr("afschrift.datamap.review.confirmations.takes_files", lambda _: False)
    closed = visit()
    assert "read-only for this server" in closed.text
    assert "afschrift inventory review" in closed.text
    assert 'value="write"' not in closed.html


def test_one_of_two_simultaneous_submits_is_written(services: Services, visit: Visit) -> None:
    from concurrent.futures import ThreadPoolExecutor

    anna, otto = visit(), visit("otto")
    answers = both(anna)
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(page.send, "write", answers) for page in (anna, otto)]
        found = sorted(page.result().status for page in sent)
    assert found == [200, 409]
    [event] = events(services, "map_confirmed")
    assert map_text().count("in: review-") == len({decision["of"] for decision in event["decisions"]}) + 1


def test_answers_are_not_written_without_their_event(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    page, before = visit(), map_text()
    monkeypatch.setattr(AuditTrail, "record", fails(OSError("the register is away")))
    assert page.send("write", both(page)).status == 500
    assert map_text() == before
    assert "the register is away" not in page.html


def test_the_page_is_dutch_for_a_dutch_reader(visit: Visit) -> None:
    page = visit()
    page._client.headers["Accept-Language"] = "nl"
    email, found = page.id("email"), {}
    for do, typed in (
        *(("", {}), (f"samples:{email}", {}), (f"values:{email}", {}), (f"places:{email}", {})),
        ("write", {"again": "gisteren", f"a.{email}": "yes", "n.gone": "gone", "a.gone": "other"}),
        ("write", {"again": "", f"a.{email}": "perhaps", "why": WHY}),
        ("write", {f"a.{email}": "other", f"c.{email}": "no.category"}),
        ("write", both(page) | {f"c.{email}": ""}),
        *(("undo", {}), ("undo", {}), ("page:1", {}), ("write", {"token": "x"})),
    ):
        page.send(do, typed) if do else page.open()
        by_hand = r"the &lt;b&gt;name&lt;/b&gt;|a sample"  # reasons that no scan wrote
        found[do, *typed] = page.status, faults(re.sub(by_hand, "", page.html))
    assert {of: reply for of, reply in found.items() if reply[1]} == {}
    assert [status for status, _ in found.values()] == [200, 200, 200, 200, 422, 422, 422, 200, 409, 200, 403]
