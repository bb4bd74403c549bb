"""The page of the data map in Airflow's own application: several answers in one go, and attacks on it."""

from __future__ import annotations

import base64
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation
from tests.airflow_support import AirflowEnv, api_server, log_in
from tests.support.pages import from_a_page, parts, text_of

from afschrift.services import Services

pytestmark = [pytest.mark.airflow]

PEOPLE = """
people:
  Anna: {accounts: ["airflow:anna"], roles: [officer]}
  Otto: {accounts: ["airflow:otto"], roles: [officer]}
  Moe: {accounts: ["airflow:moe"], roles: [map_owner]}
  Ada: {accounts: ["airflow:ada"], roles: [auditor]}
"""
PAGE = "/afschrift/inventory"
WHY = "Gone through with the shop."


def proposed(text: str = SHOP) -> str:
    """The shop with four questions: `name`, `email` of two tables, a secret, and a table."""
    name = "name: {origin: provided, review: needed, proposed: {confidence: 0.9, because: the <b>name</b>}}\n"
    text = text.replace("name: {origin: provided}\n", name, 1)
    text = text.replace("email: {origin: provided}\n", "email: {}\n")
    return text.replace("    personal: false\n", "    personal: false\n    review: needed\n", 1)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "map", proposed())))
    made = installation(tmp_path / "home", tmp_path / "map")
    (tmp_path / "home" / "roles.yml").write_text(PEOPLE, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def app(airflow_env: AirflowEnv) -> Iterator[Any]:
    with api_server() as server:
        yield server


Visit = Callable[..., "Visitor"]


class Visitor:
    """Somebody's browser on the page: what it holds goes along with what is filled in."""

    def __init__(self, app: Any, user: str) -> None:
        from starlette.testclient import TestClient

        self._client = TestClient(
            app, raise_server_exceptions=False, cookies={"_token": log_in(user)}, follow_redirects=False
        )
        self.html = self.text = ""
        self.status = 0

    def open(self, query: str = "") -> Visitor:
        return self._came(self._client.get(f"{PAGE}{query}", headers={"Sec-Fetch-Site": "same-origin"}))

    def send(self, do: str, said: dict[str, Any] | None = None, **headers: str) -> Visitor:
        """Press a button; `said`: name of a field -> value."""
        fields = self.held() | {"do": do} | (said or {})
        made = from_a_page({name.replace("_", "-"): value for name, value in headers.items()})
        return self._came(self._client.post(PAGE, files=parts(fields), headers=made))

    def held(self) -> dict[str, Any]:
        """Every field of the page as it is, as a browser would send it."""
        found: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*>", self.html):
            at = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            if at.get("type") == "radio" and " checked" not in tag:
                continue
            if "name" in at:
                found.setdefault(at["name"], []).append(unescape(at.get("value", "")))
        for name, options in re.findall(r'<select[^>]* name="([^"]*)">(.*?)</select>', self.html, re.DOTALL):
            found[name] = re.findall(r'value="([^"]*)" selected', options) or [""]
        return found

    def id(self, title: str) -> str:
        """The id of a question on the page."""
        ids = re.findall(rf'name="n\.(\w+)" value="{re.escape(title)}"', self.html)
        assert ids, f"{title} is not on the page"
        return str(ids[0])

    def _came(self, reply: Any) -> Visitor:
        self.status, self.html = reply.status_code, reply.text
        self.text = text_of(reply.text)
        self.headers = reply.headers
        return self


@pytest.fixture
def visit(services: Services, app: Any) -> Visit:
    return lambda user="anna", query="": Visitor(app, user).open(query)


def map_text() -> str:
    """What people wrote, and what they confirmed."""
    folder = Path(os.environ["AFSCHRIFT_INVENTORY"])
    return "".join(path.read_text() for path in sorted(folder.glob("shop*.yml"), reverse=True))


def change(old: str, new: str) -> None:
    file = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def events(services: Services, *types: str) -> list[dict[str, Any]]:
    return [payload or {} for _, payload in services.register.evidence.of_types(None, *types)]


def both(page: Visitor) -> dict[str, str]:
    """Answers to two questions: an origin for `email`, and `name` as it is proposed."""
    email, name = page.id("email"), page.id("name")
    return {f"a.{email}": "other", f"o.{email}": "provided", f"a.{name}": "yes", "why": WHY}


def test_several_answers_are_one_submit_and_are_taken_back(services: Services, visit: Visit) -> None:
    from afschrift.inventory.load import load

    before = map_text()
    page = visit()
    assert "3 questions." in page.text
    assert "confidence 0.90, because of the <b>name</b>" in page.text
    page.send("write", both(page))
    assert page.status == 200
    assert "email, 2 columns: provided" in page.text
    assert "2 decisions of yours about 3 columns" in page.text
    assert "1 question." in page.text
    tables = load(Path(os.environ["AFSCHRIFT_INVENTORY"])).sources["shop"].tables
    decided = tables["newsletter"].columns["email"].decided
    assert decided is not None
    assert (decided.by, decided.why) == ("anna", WHY)
    assert decided.review is not None
    [told] = events(services, "map_confirmed")
    assert told["held"]["role"] == "officer"
    assert [one["of"] for one in told["decisions"]] == ["email", "name"]
    assert WHY not in str(told)  # words stand in the file alone
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


def test_a_question_shows_what_takes_over_its_answer(services: Services, visit: Visit) -> None:
    path = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    ours = "    key: [customer_id]\n"
    path.write_text(map_text().replace(ours, f"{ours}    references: {{score: customer.name}}\n", 1))
    assert "goes to shop.customer.score: what points here takes over" in visit().text


def test_a_table_and_columns_are_taken_back_one_submit_after_the_other(visit: Visit) -> None:
    before = map_text()
    page = visit()
    page.send("write", {f"a.{page.id('Table sku')}": "yes", "why": WHY})
    between = map_text()
    page.send("write", both(page))
    assert page.send("undo").status == 200
    assert map_text() == between
    assert page.send("undo").status == 200
    assert map_text() == before


def test_a_legal_basis_that_a_default_gives_is_told(visit: Visit) -> None:
    file = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    told = "purposes account (A6-1-b) by the defaults of the source"
    assert told not in visit().text
    text = file.read_text().replace("    purposes: [account]\n", "")
    file.write_text(text.replace("tables:\n", "defaults: {purposes: [account]}\ntables:\n", 1))
    assert told in visit().text


def test_what_is_wrong_is_told_with_all_that_was_typed(visit: Visit) -> None:
    before = map_text()
    page = visit()
    email, name = page.id("email"), page.id("name")
    wrong = {f"a.{email}": "other", f"c.{email}": "user.contact.emial", f"a.{name}": "yes", "why": " "}
    page.send("write", wrong)
    assert (page.status, map_text()) == (422, before)
    assert 'value="user.contact.emial"' in page.html
    assert "This category is not in the Fides taxonomy." in page.text
    page.send("write", {f"c.{email}": "user.contact.email"})
    assert "Nobody said yet where it comes from" in page.text
    page.send("write", {f"o.{email}": "provided"})
    assert (page.status, "Why it is right : is missing" in page.text) == (422, True)
    for day in ("2020-01-01", "tomorrow"):
        assert page.send("write", {"why": WHY, "again": day}).status == 422
    assert map_text() == before
    left = page.send("write", {"why": WHY, "again": "2099-01-31", f"a.{email}": "later"})
    assert (left.status, "choose “Otherwise”, or empty it" in left.text) == (422, True)
    assert page.send("write", {f"a.{email}": "other"}).status == 200
    assert "review: 2099-01-31" in map_text()


def test_an_answer_that_would_break_the_map_is_not_written(visit: Visit) -> None:
    change("name: {origin: provided, review", "name: {origin: provided, identifies: true, review")
    before, page = map_text(), visit()
    name = page.id("name")  # by it an officer tells who somebody is, so it is not about others
    page.send("write", both(page) | {f"a.{name}": "other", f"t.{name}": "mask"})
    assert (page.status, map_text()) == (409, before)
    assert "the data map would have faults" in page.text
    assert f'href="#g-{name}"' in page.html
    assert re.search(r'<option value="mask" selected>', page.html)


def test_how_others_data_are_treated_is_said_before_it_is_so(services: Services, visit: Visit) -> None:
    change("name: {origin: provided, review", "name: {origin: provided, about: third_party, review")
    before, page = map_text(), visit()
    name = page.id("name")
    assert "Nobody said how the data about others in it are treated" in page.text
    assert f'id="a-yes-{name}"' not in page.html
    page.send("write", {f"a.{name}": "yes", "why": WHY})
    assert (page.status, map_text()) == (422, before)
    assert "every request would ask" in page.text
    page.send("write", {f"a.{name}": "other", f"t.{name}": "gone"})
    assert (page.status, map_text()) == (422, before)
    page.send("show", {f"a.{name}": "other", f"t.{name}": "own_use", "text": "sku"})
    assert page.send("write").status == 200  # from another page of questions
    assert map_text().startswith(before)
    [line] = [
        line for line in map_text().removeprefix(before).splitlines() if line.lstrip().startswith("name:")
    ]
    assert line.endswith("third_party: own_use}")
    assert "name, 1 column: provided, about others: own_use" in page.text
    [told] = events(services, "map_confirmed")
    assert told["decisions"][0]["third_party"] == "own_use"
    page.send("undo")
    assert map_text() == before
    page.send("write", {f"a.{name}": "other", f"t.{name}": "subject", f"o.{name}": "", "text": ""})
    assert "name, 1 column: provided, not about others" in page.text
    assert "about: subject" in map_text()


def test_a_meaning_is_said_in_each_language(visit: Visit) -> None:
    from afschrift.inventory.load import load

    before, page = map_text(), visit()
    email = page.id("email")
    said = {f"a.{email}": "other", f"o.{email}": "inferred", "why": WHY}
    for words, fault in (
        ({}, "What is derived or inferred needs a meaning."),
        ({f"m-nl.{email}": "Hoog is goed"}, "The meaning is missing in en."),
        (
            {f"m-en.{email}": "High is <good>", f"o.{email}": "provided"},
            "goes with what is derived or inferred",
        ),
    ):
        said |= words
        page.send("write", said)
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
    assert [name for name in page.held() if name.startswith("n.") and name != f"n.{email}"] == [
        f"n.{page.id('Table sku')}"
    ]
    assert page.send("write").status == 200
    assert [one["of"] for one in events(services, "map_confirmed")[0]["decisions"]] == ["email"]
    assert "name" in visit("anna", "?sure=high&table=SHOP.customer").text
    for query in ("?sure=low", "?table=nowhere", "?text=%3Cscript%3E"):
        assert "No question is of this table, text and confidence." in visit("anna", query).text
    assert "<script>" not in visit("anna", "?text=%3Cscript%3E").html


def test_samples_are_masked_and_clear_ones_take_a_role_and_an_event(services: Services, visit: Visit) -> None:
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
    [told] = events(services, "map_samples_shown")
    assert ("shop.newsletter.email" in told["columns"], "example" in str(told)) == (True, False)

    owner = visit("moe")
    assert "xxx@xxxxxxx.xxx" in owner.send(f"samples:{email}").text
    assert ("Values as they are take another role." in owner.text, "values:" in owner.html) == (True, False)
    owner.send(f"values:{email}")
    assert (owner.status, "ann@example.org" in owner.html) == (403, False)
    assert owner.send("write", both(owner)).status == 200
    assert events(services, "map_confirmed")[0]["held"]["role"] == "map_owner"


def test_whoever_lacks_the_role_sees_why_and_writes_nothing(services: Services, visit: Visit) -> None:
    """Attempt: Confirm the data map as somebody whose role may not"""
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
    tried = [one for one in events(services, "answer_refused") if one["kind"] == "map"]
    assert len(tried) == 4
    assert visit("nobody").status == 403


def test_what_does_not_come_from_the_page_writes_nothing(visit: Visit) -> None:
    """Attempt: Have another site, or a stranger's token, confirm the data map"""
    before = map_text()
    page, otto = visit(), visit("otto")
    said = both(page)
    assert page.send("write", said, Sec_Fetch_Site="cross-site").status == 403
    page = visit()
    assert page.send("write", said, Sec_Fetch_Site="same-site").status == 403
    page = visit()
    stale = page.send("write", said | {"token": otto.held()["token"]})
    assert (stale.status, "Your log-in was renewed" in stale.text) == (403, True)
    assert f'value="{WHY}"' in stale.html
    assert stale.headers["cache-control"] == "no-store"
    assert map_text() == before
    assert stale.send("write").status == 200


def test_a_replay_and_a_question_of_an_older_map_write_nothing(services: Services, visit: Visit) -> None:
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
def test_a_made_up_question_writes_nothing(visit: Visit, made_up: str) -> None:
    """Attempt: Answer a question that the data map does not ask"""
    before = map_text()
    page = visit()
    page.send("write", {f"a.{made_up}": "yes", "why": WHY})
    assert (page.status >= 400, map_text()) == (True, before)
    assert "<script>" not in page.html
    page = visit()
    assert page.send(f"samples:{made_up}").status == 409
    assert "<script>" not in page.html


@pytest.mark.parametrize("made_up", ["", "no", "YES", "later "])
def test_a_made_up_answer_is_no_yes(visit: Visit, made_up: str) -> None:
    """Attempt: Confirm a question by an answer that the page does not offer"""
    before = map_text()
    page = visit()
    name = page.id("name")
    page.send("write", {f"a.{name}": made_up, "why": WHY})
    assert (page.status, map_text()) == (422, before)
    assert page.send("write", {f"a.{name}": "yes"}).status == 200


def test_what_takes_answers_back_is_not_made_up(visit: Visit) -> None:
    """Attempt: Write a file of one's own into the data map by what takes answers back"""
    from afschrift.web.map_review.map_form import packed

    page = visit()
    page.send("write", both(page))
    after, [undo] = map_text(), page.held()["undo"]
    folder = Path(os.environ["AFSCHRIFT_INVENTORY"])
    deep = base64.b64encode(zlib.compress(b"[" * 200_000)).decode()
    forged = {folder / "shop.yml": (folder / "shop.yml").read_bytes().replace(b"name:", b"nam:")}
    for one in (
        packed(forged),
        packed({folder / "other.yml": b"x"}),
        packed({}),
        "x",
        undo[:-8] + "AAAA",
        deep,
    ):
        reply = page.send("undo", {"undo": one})
        assert (reply.status, map_text()) == (409, after)
    assert not (folder / "other.yml").exists()
    otto = visit("otto")
    assert otto.send("undo", {"undo": undo}).status == 409  # they are not Otto's answers
    change("tables:", "# a pull\ntables:")
    pulled = map_text()
    assert page.send("undo", {"undo": undo}).status == 409
    assert map_text() == pulled != after


def test_files_that_cannot_be_written_are_told(
    services: Services, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, before = visit(), map_text()

    def full(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", full)
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


def test_a_map_with_faults_is_told_and_what_was_typed_is_kept(visit: Visit) -> None:
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


def test_names_of_any_signs_are_shown_and_answered(visit: Visit) -> None:
    from html import escape

    from afschrift.inventory.load import load

    file = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    lines = "".join(f"      {json.dumps(one)}: {{origin: provided, review: needed}}\n" for one in STRANGE)
    table = "  odd:\n    subject: {customer_id: {column: id}}\n    columns:\n      id: {origin: assigned}\n"
    file.write_text(file.read_text() + table + lines)
    page = visit()
    assert ("<script>" in page.html, "<img" in page.html) == (False, False)
    ids = [page.id(str(escape(one)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")) for one in STRANGE]
    assert "not_personal: about nobody" in page.text
    page.send("samples:" + ids[0])
    assert "the source has no such column" in page.text
    page.send("write", {f"a.{one}": "yes" for one in ids} | {"why": 'it\'s "so": {a} # <b>'})
    assert (page.status, "<script>" in page.html) == (200, False)
    odd = load(file.parent).sources["shop"].tables["odd"].columns
    assert [odd[one].decided.why for one in STRANGE] == ['it\'s "so": {a} # <b>'] * len(STRANGE)  # type: ignore[union-attr]
    assert page.send("undo").status == 200
    assert "review: needed" in file.read_text().partition("odd:")[2]


def test_of_two_submits_at_once_one_is_written(services: Services, app: Any, visit: Visit) -> None:
    from concurrent.futures import ThreadPoolExecutor

    anna, otto = visit(), visit("otto")
    said = both(anna)
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(one.send, "write", said) for one in (anna, otto)]
        found = sorted(one.result().status for one in sent)
    assert found == [200, 409]
    [told] = events(services, "map_confirmed")
    assert map_text().count("in: review-") == len({one["of"] for one in told["decisions"]}) + 1


def test_an_event_that_cannot_be_kept_keeps_the_answers_out(
    services: Services, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.register.trail.audit import AuditTrail

    page, before = visit(), map_text()

    def down(*_: object) -> None:
        raise OSError("the register is away")

    monkeypatch.setattr(AuditTrail, "record", down)
    assert page.send("write", both(page)).status == 500
    assert map_text() == before
    assert "the register is away" not in page.html
