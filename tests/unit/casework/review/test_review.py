"""A person looks at what will be sent; what they redact is in no file of the bundle, and counted."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from testbed.running import RECEIVED, members
from tests.support.days import days_away
from tests.support.deciding import ANN, unchanged
from tests.support.kept import Kept
from tests.support.restricted import restrict, set_evasive
from tests.support.reviewing import BODY, FORMATS, LINE, NEIGHBOUR, Reviewers

from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import submit
from afschrift.casework.letters.make import make
from afschrift.casework.review import judge
from afschrift.casework.review.judge import Ticks, keep_ticks
from afschrift.casework.review.look import JudgedTable, begin, read_draft
from afschrift.casework.review.question import redactions_of
from afschrift.casework.review.require_review import period_lines
from afschrift.domain.errors import FormError, NotAllowedError, RefusedError, TooLateError

pytestmark = pytest.mark.slow


@pytest.fixture
def with_all_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Kept) -> Reviewers:
    """Over the mini shop, which has tables without a key, and recipients in a table."""
    return Reviewers.set_up(tmp_path, monkeypatch, kept=kept, all_tables=True)


@pytest.fixture
def flagged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviewers:
    """Where nothing is looked at but what is flagged; Ann wrote of no one."""
    reviewers = Reviewers.set_up(tmp_path, monkeypatch, "flagged")
    reviewers.bureau.execute("UPDATE ticket_message SET body = 'help'")
    return reviewers


def test_a_name_in_one_cell_is_redacted_and_is_in_no_file(reviewers: Reviewers) -> None:
    request = reviewers.store(formats=FORMATS)
    question = reviewers.asked(request)
    assert question.detail["why"] == ["policy"]
    assert question.detail["tables"]["shop.ticket_message"] == 3

    reviewers.redact(question, LINE)
    second = reviewers.asked(request)
    assert second.about != question.about
    assert second.detail["redacted"] == {"shop.ticket_message.body": 1}
    assert {"redacted", "changed"} <= set(second.detail["why"])
    reviewers.answer(second, "approved", by="cli:otto")
    bundle = reviewers.deliver(request)

    assert hashlib.sha256(bundle.read_bytes()).hexdigest() == second.about
    files = members(bundle)
    for path, content in files.items():
        assert NEIGHBOUR.encode() not in content, path
        assert b"Zuiderwijk" not in content, path
    for format_ in ("csv", "json", "ndjson", "xml"):
        assert BODY.replace(NEIGHBOUR, "[masked]").encode() in files[f"data/shop/ticket_message.{format_}"]
    masked = json.loads(files["data/redactions.json"])["masked"]
    [mine] = [entry for entry in masked if entry["method"] == "span"]
    rules = ["R32", "R31", "R33", "R45", "R56"]
    place = {"source": "shop", "table": "ticket_message", "column": "body", "ground": "rights_of_others"}
    assert mine == {**place, "rules": rules, "method": "span", "count": 1}
    assert "gegevens van iemand anders" in files["index.html"].decode()
    given = {"where": "https://portal.example", "available_until": "2027-01-01"}
    bureau = reviewers.bureau
    letter = make(bureau.officer(), request, "delivery", given, keep=False).text
    assert "- body in ‘ticket_message’: 1 keer.\n- Hier stonden gegevens van iemand anders." in letter.text
    assert "klacht" in letter.text
    assert NEIGHBOUR not in letter.html

    # The trail knows counts and grounds, and no word.
    recorded = json.dumps([payload for _, payload in bureau.register.trail.events()])
    for word in (NEIGHBOUR, "Zuiderwijk", "weet van niets", LINE.split()[3]):
        assert word not in recorded
    events = bureau.register.trail.events(request)
    taken = [p for h, p in events if h.type == "decision_taken" and p and p["kind"] == "review"]
    grounds = {"rights_of_others": {"right_of_others": "privacy"}}
    counts = {"cells": 0, "spans": 1, "columns": {"shop.ticket_message.body": 1}}
    assert taken[0]["detail"] == {**counts, "grounds": grounds}
    assert (taken[0]["held"]["role"], taken[0]["rules"]) == ("officer", sorted(rules))
    assert len(taken[0]["text_hmac"]) == 64
    assert taken[0]["options"] == ["approved", "redact", "hold_back"]
    assert (taken[1]["choice"], taken[1]["about"]) == ("approved", second.about)


def test_what_one_answer_of_a_message_masks_is_asked_about_at_the_other(reviewers: Reviewers) -> None:
    content = {"message": "All, also to take along.", "right": ["access", "portability"], "keys": ANN}
    content |= {"channel": "portal", "received_at": RECEIVED}
    content |= {"authenticated": {"by": "log-in", "level": "high", "at": RECEIVED}}
    access, portability = submit(reviewers.services, Intake.model_validate(content), "tester")
    reviewers.redact(reviewers.asked(access), LINE)
    masked = reviewers.asked(access)
    assert "masked_otherwise" not in masked.detail
    reviewers.answer(masked, "approved")
    reviewers.deliver(access)

    reviewers.decide_policy("never")
    clear = reviewers.asked(portability)
    assert clear.detail["why"] == ["masked_otherwise"]
    assert clear.detail["masked_otherwise"] == {"shop.ticket_message.body": 1}
    reviewers.redact(clear, LINE)
    same = reviewers.asked(portability)
    assert "masked_otherwise" not in same.detail
    reviewers.answer(same, "approved")
    assert NEIGHBOUR.encode() not in reviewers.deliver(portability).read_bytes()


def test_a_second_look_redacts_more_of_the_same_cell(reviewers: Reviewers) -> None:
    request, question = reviewers.at_review()
    reviewers.redact(question, LINE)
    shown = BODY.replace(NEIGHBOUR, "[masked]")
    start = shown.index("buurvrouw")
    question = reviewers.asked(request)
    inside = f"shop.ticket_message id=1 body {shown.index('asked')}:{shown.index(' zag')} rights_of_others"
    error = unchanged(reviewers.bureau, question, lambda: reviewers.redact(question, inside), FormError)
    assert "masked already" in str(error)
    wider = f"shop.ticket_message #1 body {start}:{shown.index(' zag')} rights_of_others"
    reviewers.redact(question, wider)
    last = reviewers.asked(request)
    assert last.detail["redacted"] == {"shop.ticket_message.body": 1}
    reviewers.answer(last, "approved")

    files = members(reviewers.deliver(request))

    assert "Mijn [masked] zag het pakket 📦 liggen.".encode() in files["data/shop/ticket_message.csv"]


def test_a_whole_cell_and_a_number_and_a_row_without_key(with_all_tables: Reviewers) -> None:
    """In every format the column becomes text; a table without key names its row by number."""
    request = with_all_tables.store(formats=FORMATS)
    lines = (
        "shop.customer customer_id=1 score rights_of_others",
        "shop.line_note #1 note rights_of_others",
        "shop.line order_id=10,line_no=2 price rights_of_others",
    )
    with_all_tables.redact(with_all_tables.asked(request), *lines)
    with_all_tables.answer(with_all_tables.asked(request), "approved")

    files = members(with_all_tables.deliver(request))

    assert b"[masked]" in files["data/shop/customer.csv"]
    assert b"700" not in files["data/shop/customer.json"]
    assert b"gift" not in files["data/shop/line_note.ndjson"]
    assert b"1.10" not in files["data/shop/line.xml"]
    assert b"2.00" in files["data/shop/line.xml"]
    package = json.loads(files["data/datapackage.json"])
    [resource] = [r for r in package["resources"] if r["path"] == "shop/customer.csv"]
    [score] = [f for f in resource["schema"]["fields"] if f["name"] == "score"]
    assert (score["type"], score["afschrift:redacted"]) == ("string", ["cell"])


WHOLE = "shop.ticket_message #1 body rights_of_others"
WRONG = {
    "shop.ticket_message id=1 body 0:999 rights_of_others": "outside of the text",
    "shop.ticket_message id=1 body 7:7 rights_of_others": "ends after it begins",
    "shop.ticket_message id=1 body 9:7 rights_of_others": "ends after it begins",
    "shop.ticket_message id=1 body x:7 rights_of_others": "a span is FROM:TO",
    "shop.nothing id=1 body rights_of_others": "no such table",
    "shop.ticket_message id=1 nothing rights_of_others": "no such column",
    "shop.customer customer_id=1 password_hash rights_of_others": "does not leave",
    "shop.ticket_message id=99 body rights_of_others": "no row has this key",
    "shop.ticket_message #99 body rights_of_others": "the table has 3 rows",
    "shop.ticket_message #0 body rights_of_others": "a row is #NUMBER",
    "shop.ticket_message name=1 body rights_of_others": "the key of this table is id",
    "shop.ticket_message id=1 id rights_of_others": "a column of the key",
    "shop.customer customer_id=1 email rights_of_others": "ties the rows to the person",
    "shop.customer customer_id=1 score 0:1 rights_of_others": "a integer has no spans",
    "shop.line_note order_id=10 note rights_of_others": "name a row as #NUMBER",
    "shop.ticket_message id=1 body effort": "the last word is a ground",
    "shop.ticket_message id=1 body restriction": "the last word is a ground",
    "shop.shipment id=1 carrier rights_of_others": "the information sheet shows",
    "shop.orders order_id=12 ordered_at rights_of_others": "the information sheet shows",
    "shop.ticket_message id=1 reply rights_of_others x y": "a line is source.table",
}
"""Line -> words of its error."""


def test_each_faulty_line_is_named_by_its_number(with_all_tables: Reviewers) -> None:
    _, question = with_all_tables.at_review()
    redact = with_all_tables.redact
    for start in range(0, len(WRONG), 10):
        some = list(WRONG)[start : start + 10]
        error = unchanged(
            with_all_tables.bureau, question, lambda some=some: redact(question, *some), FormError
        )
        errors = error.fields["redactions"].split("; ")
        for number, (line, words) in enumerate(zip(some, errors, strict=True), 1):
            assert words.startswith(f"line {number}: ")
            assert WRONG[line] in words, line


def test_a_redaction_with_a_faulty_form_changes_nothing(reviewers: Reviewers) -> None:
    """Without a line, with lines that overlap, without the three answers for a ground, or in a wrong field."""
    _, question = reviewers.at_review()
    texts = {"redactions": [LINE], "effect": "Haar naam."}
    for act, words in (
        (lambda: reviewers.redact(question, " "), ["give a line for each"]),
        (lambda: reviewers.redact(question, LINE, WHOLE), ["line 2: it overlaps line 1"]),
        (lambda: reviewers.redact(question, texts=texts), ["of_others.mitigation", "of_others.prevails"]),
        (lambda: reviewers.redact(question, LINE, detail={"right_of_others": "economic_interest"}), ["R32"]),
        (lambda: reviewers.redact(question, LINE, detail={"effect": "Verkeerd."}), ["kept encrypted"]),
        (lambda: reviewers.redact(question, LINE, texts={"redactions": [LINE], "x.effect": "y"}), []),
        (lambda: reviewers.answer(question, "approved", texts={"redactions": [LINE]}), []),
        (lambda: reviewers.answer(question, "approved", detail={"right_of_others": "privacy"}), []),
        (lambda: reviewers.answer(question, "nothing"), []),
    ):
        error = unchanged(reviewers.bureau, question, act, FormError)
        for word in words:
            assert word in f"{error} {list(error.fields)}"


def test_a_trade_secret_takes_a_second_person(reviewers: Reviewers) -> None:
    request = reviewers.store()
    line = "shop.ticket_message id=2 body trade_secret"
    texts = {"redactions": [line], "effect": "Recept.", "mitigation": "Weglaten.", "prevails": "Het recept."}
    detail = {"secret_owner": "own"}
    question = reviewers.asked(request)

    done = reviewers.answer(question, "redact", detail=detail, texts=texts)

    assert done.signer
    asked = reviewers.asked(request, "review_signed")
    assert (asked.id, asked.detail["columns"]) == (done.signer, {"shop.ticket_message.body": 1})
    with pytest.raises(NotAllowedError, match="four eyes"):
        reviewers.answer(asked, "agree", by="airflow:anna")
    reviewers.answer(asked, "disagree", by="cli:sam")
    question = reviewers.asked(request)
    assert "redacted" in question.detail["why"]
    done = reviewers.answer(question, "redact", detail=detail, texts=texts)
    reviewers.answer(reviewers.open(request, "review_signed"), "agree", by="cli:sam")
    reviewers.answer(reviewers.asked(request), "approved")
    files = members(reviewers.deliver(request))
    [mine] = [r for r in json.loads(files["data/redactions.json"])["masked"] if r["method"] == "cell"]
    assert mine["ground"] == "trade_secret"


@pytest.mark.parametrize("changed", ["the text", "the key, which leaves no more"])
def test_a_redaction_that_no_longer_finds_its_place_is_asked_about(
    reviewers: Reviewers, changed: str
) -> None:
    request, question = reviewers.at_review()
    reviewers.redact(question, LINE)
    if changed == "the text":
        reviewers.bureau.execute("UPDATE ticket_message SET body = 'Van buurvrouw Grietje.' WHERE id = 1")
    else:
        reviewers.describe("      id: {origin: assigned}\n", "      id: {protect: secret}\n")

    lost = reviewers.asked(request, "redaction_lost")

    assert lost.detail["columns"] == {"shop.ticket_message.body": 1}
    reviewers.answer(lost, "review_again")
    detail = reviewers.asked(request).detail
    assert ("redacted" in detail, "redacted" in detail["why"]) == (False, True)


@pytest.mark.parametrize("most", [2, 100])
def test_names_that_could_not_be_read_are_a_reason_to_look(flagged: Reviewers, most: int) -> None:
    """The inventory says that messages are free text, and how many names may be read."""
    flagged.describe("      body: {}\n", "      body: {free_text: true}\n")
    flagged.describe("  customer:\n", f"  customer:\n    names: {{columns: [name], most: {most}}}\n")
    request = flagged.store()
    if most == 100:  # they were read, and not found
        flagged.deliver(request)
        return
    detail = flagged.asked(request).detail
    assert (detail["why"], detail["names_unread"]) == (["names_unread"], ["shop.customer"])
    assert "pointed_out" not in detail


@pytest.mark.parametrize(
    ("choice", "least", "why"),
    [("flagged", 90, "unreadable"), ("always", 90, "policy"), ("never", 90, None), ("flagged", 1, None)],
)
def test_review_says_that_too_little_is_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, choice: str, least: int, why: str | None
) -> None:
    reviewers = Reviewers.set_up(tmp_path, monkeypatch, choice)
    reviewers.describe("      name: {", "      name: {title: {nl: Naam, en: Name}, ")
    reviewers.require_readable(least)
    request = reviewers.store(right="portability")
    if why is None:
        reviewers.deliver(request)
        return
    detail = reviewers.asked(request).detail
    assert why in detail["why"]
    assert detail["readable"]["least"] == least
    assert 0 < detail["readable"]["percent"] < least


def test_redactions_whose_words_are_gone_let_nothing_leave(reviewers: Reviewers) -> None:
    request, register = reviewers.store(), reviewers.bureau.register
    reviewers.redact(reviewers.asked(request), LINE)
    frozen = register.steps.latest(request, "classify") or {}
    plan = register.plans.get(request, frozen["plan"])
    assert len(redactions_of(register, plan)) == 1
    register.data_keys.shred(request, "retention_identity")
    with pytest.raises(RefusedError, match=r"cannot be read any more.*What to do: nothing leaves"):
        redactions_of(register, plan)


@pytest.mark.parametrize(
    ("old", "new", "kind", "choice"),
    [
        ("name: {origin: provided}", "name: {}", "unclassified", "include"),
        ("  ticket:\n", "  ticket:\n    review: case\n", "decision", "fulfil"),
    ],
)
def test_a_column_that_leaves_by_decision_is_looked_at(
    flagged: Reviewers, old: str, new: str, kind: str, choice: str
) -> None:
    flagged.describe(old, new)
    request = flagged.store()
    flagged.answer(flagged.asked(request, kind), choice)
    assert flagged.asked(request).detail["why"] == ["answered"]


def test_data_held_after_its_period_are_looked_at_before_the_sheet_says_so(flagged: Reviewers) -> None:
    """All orders of Ann are of years ago, and are held and given all the same (R75)."""
    flagged.describe("period: P40Y", "period: P1Y")
    request = flagged.store()
    day = {"removed_by": days_away(9).date().isoformat()}
    flagged.answer(flagged.asked(request, "past_period"), "remove", detail=day)
    detail = flagged.asked(request).detail
    assert (detail["why"], detail["retention_over"]) == (["retention_over"], ["shop.account"])
    flagged.decide_policy("never")
    flagged.deliver(request)
    [line] = period_lines(flagged.bureau.register, request)
    assert "shop.account" in line


def test_answer_of_which_a_part_is_restricted_is_looked_at(flagged: Reviewers) -> None:
    bureau, request = flagged.bureau, flagged.store(right="portability")
    set_evasive(bureau, "shop")
    question = open_decision(bureau.services.grounds, bureau.register, request)
    restrict(bureau, request, question, ["shop.ticket"])
    assert flagged.asked(request).detail["why"] == ["part_left_out"]


def test_review_never_holds_until_an_officer_looked(reviewers: Reviewers) -> None:
    request, other = reviewers.store(), reviewers.store(right="portability")
    reviewers.answer(reviewers.asked(request), "hold_back", text="Eerst bellen.")
    reviewers.decide_policy("never")

    assert reviewers.asked(request).detail["why"] == ["held_back", "changed"]
    reviewers.deliver(other)


@pytest.mark.parametrize("tables", [("ticket", "ticket_message"), ("ticket_message", "ticket_message")])
def test_two_drafts_kept_at_once_lose_none(
    reviewers: Reviewers, monkeypatch: pytest.MonkeyPatch, tables: tuple[str, str]
) -> None:
    request = reviewers.store()
    reviewers.asked(request)
    both, read = Barrier(2), judge.must_be

    def checked(*found: Any) -> JudgedTable:
        result = read(*found)
        both.wait(10)
        return result

    def kept(who: str, table: str) -> bool:
        try:
            keep_ticks(reviewers.bureau.officer(who), request, f"shop.{table}", Ticks((), {}))
        except TooLateError:
            return False
        return True

    monkeypatch.setattr(judge, "must_be", checked)
    with ThreadPoolExecutor() as threads:
        found = list(threads.map(kept, ("cli:anna", "cli:otto"), tables))
    draft = read_draft(begin(reviewers.bureau.officer(), request, None, unseen=True))
    assert (sum(found), set(draft)) == (len({*tables}), {f"shop.{table}" for table in tables})
