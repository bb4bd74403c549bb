"""What a reviewer is shown, by role; each look is an event that is recorded before anything is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tests.support.deciding import unchanged
from tests.support.reviewing import LINE, NEIGHBOUR, ROLES, SPAN, Reviewers

from afschrift.casework.review.view import ReviewTable, ReviewView, review_view
from afschrift.domain.errors import FormError, NotAllowedError, RefusedError
from afschrift.domain.redaction import Pointer, TablePointers

pytestmark = pytest.mark.slow

TICKETS = "shop.ticket_message"


def seen(reviewers: Reviewers, request: str, by: str = "cli:anna", **more: object) -> ReviewView:
    return review_view(replace(reviewers.bureau.officer(by), roles=ROLES), request, **more)  # type: ignore[arg-type]


def point(reviewers: Reviewers, request: str) -> None:
    """As the finder leaves it in staging."""
    found = {"ticket_message": TablePointers((Pointer(1, "body", *SPAN, "name"),), {"name": 1})}
    with reviewers.services.staging(request).writer("pointers/shop.json") as sink:
        sink.write(msgspec.json.encode(found))


def of(view: ReviewView, name: str) -> ReviewTable:
    return next(table for table in view.tables if table.name == name)


def test_an_officer_sees_what_leaves_why_and_what_was_pointed_out(reviewers: Reviewers) -> None:
    request, question = reviewers.at_review()
    point(reviewers, request)

    view = seen(reviewers, request)

    assert (view.question, view.bundle, view.why) == (question.id, question.about, ("policy",))
    table = of(view, TICKETS)
    assert (table.rows, table.key) == (3, ("id",))
    assert [row.name for row in table.first] == ["id=1", "id=2", "id=3"]
    author = next(column for column in table.columns if column.name == "author")
    assert (author.action, author.masked, "masked" in author.words) == ("mask", 1, True)
    [pointed] = table.pointed
    assert (pointed.text, pointed.line) == (NEIGHBOUR, LINE.replace("rights_of_others", "GROUND"))
    assert (pointed.before, pointed.after) == ("Mijn buurvrouw ", " zag het pakket 📦 liggen.")
    assert view.grounds["rights_of_others"] == ("right_of_others", "effect", "mitigation", "prevails")
    assert NEIGHBOUR not in repr(view)
    reviewers.redact(question, pointed.line.replace("GROUND", "rights_of_others"))  # the line does as it is
    again = seen(reviewers, request)
    assert again.question is None


def test_what_was_redacted_is_shown_as_it_will_be_sent(reviewers: Reviewers) -> None:
    request, question = reviewers.at_review()
    reviewers.redact(question, LINE)
    reviewers.asked(request)

    table = of(seen(reviewers, request, table=TICKETS), TICKETS)

    assert table.first[0].cells["body"] == "Mijn buurvrouw [masked] zag het pakket 📦 liggen."
    assert next(column.redacted for column in table.columns if column.name == "body") == 1


def test_one_table_or_row_is_shown_whole(reviewers: Reviewers) -> None:
    request, _ = reviewers.at_review()
    for row, ids in ((None, ["1", "2"]), ("#2", ["2"]), ("id=3", ["3"])):
        view = seen(reviewers, request, table=TICKETS, rows=2, row=row)
        assert [table.name for table in view.tables] == [TICKETS]
        assert [table.cells["id"] for table in view.tables[0].first] == ids
    for more in ({"table": "shop.nothing"}, {"table": TICKETS, "row": "#9"}, {"table": TICKETS, "row": "x"}):
        with pytest.raises(RefusedError):
            seen(reviewers, request, **more)
    with pytest.raises(RefusedError, match="its key is id"):
        seen(reviewers, request, table=TICKETS, row="name=1")


def test_each_look_is_an_event_with_its_role_and_no_value(reviewers: Reviewers) -> None:
    request, _ = reviewers.at_review()
    point(reviewers, request)
    for by in ("cli:anna", "cli:sam", "cli:dirk"):
        assert of(seen(reviewers, request, by), TICKETS).first
    view = seen(reviewers, request, "cli:aad")
    assert not any(table.first for table in view.tables)
    assert [(fact.text, fact.line.split()[1]) for fact in of(view, TICKETS).pointed] == [(None, "#1")]
    for by in ("cli:ivo", "cli:unknown"):
        with pytest.raises(NotAllowedError):
            seen(reviewers, request, by)

    events = reviewers.bureau.register.trail.events(request)
    looks = [payload for header, payload in events if header.type == "bundle_viewed" and payload]
    assert [(look["role"], look["values"]) for look in looks] == [
        ("officer", True),
        ("second_signer", True),
        ("dpo", True),
        ("auditor", False),
    ]
    assert all(look["bundle"] and NEIGHBOUR not in json.dumps(look) for look in looks)
    assert [h.type for h, _ in events].count("answer_refused") == 2


def test_what_the_finder_pointed_out_is_a_reason_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewers = Reviewers.set_up(tmp_path, monkeypatch, "always")
    request = reviewers.store()
    reviewers.asked(request)
    point(reviewers, request)

    assert reviewers.asked(request).detail["pointed_out"] == {TICKETS: 1}


def test_nothing_is_shown_before_a_plan_and_rows_only_while_they_are_staged(reviewers: Reviewers) -> None:
    request = reviewers.store()
    with pytest.raises(RefusedError, match="Nothing is planned"):
        seen(reviewers, request)
    question = reviewers.asked(request)
    reviewers.services.staging(request).wipe()

    assert of(seen(reviewers, request), TICKETS).rows is None
    error = unchanged(reviewers.bureau, question, lambda: reviewers.redact(question, LINE), FormError)
    assert "no row of this table" in str(error)
    reviewers.answer(question, "approved")
    reviewers.deliver(request)  # read again, and the same bundle came of it
