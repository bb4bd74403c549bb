"""Attacks on the page of the data map in Airflow's own application, and answers that cannot be kept."""

import base64
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
from tests.support.map_page import WHY, Visit, both, change, events, map_text

from afschrift.register.trail.audit import AuditTrail
from afschrift.services import Services
from afschrift.web.map_review.map_form import pack_files

pytestmark = pytest.mark.airflow


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
    before = map_text()
    page = visit()
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
    for made_up in ("", "no", "YES", "later "):
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
    otto = visit("otto")
    assert otto.send("undo", {"undo": undo}).status == 409  # they are not Otto's answers
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
