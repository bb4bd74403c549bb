"""A source that is down: the question to an officer, what its answers do, and what they may not."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from testbed import mini, small
from testbed.running import run, store
from tests.support.days import days_away
from tests.support.in_parts import (
    RECEIVED,
    SOON,
    WHY,
    again,
    answered,
    asked,
    club,
    partial_response_service,
    question,
    rows,
    says,
    services,
)
from tests.support.parts import Club, run_to_its_end

from afschrift.casework.partial_response.question import hindrance
from afschrift.domain.errors import (
    FormError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
    SourceDownError,
    TooLateError,
)
from afschrift.domain.state import State
from afschrift.services import Services
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

pytestmark = pytest.mark.slow

__all__ = ["club", "services"]


def test_try_again_tries_again_and_asks_anew(services: Services, club: Club) -> None:
    request = asked(services)
    with club.away():
        assert run_to_its_end(services, request) is None
        first = question(services, request)
        assert first.options == ("try_again", "partial")
        assert first.role == "officer"
        assert run_to_its_end(services, request) is None
        assert question(services, request).id == first.id  # without an answer: the same question
        says(services, request, "try_again", text=None)
        assert run_to_its_end(services, request) is None
        second = question(services, request)
        assert second.id != first.id
        assert second.detail["since"] == first.detail["since"]
        says(services, request, "try_again", text=None)
    assert run(services, request).name == f"{request}-access.zip"


def test_it_breaks_off_between_plan_and_extract(services: Services, club: Club) -> None:
    request = asked(services)
    classify(services, request)
    extract(services, request, "shop")
    club.take()
    with pytest.raises(SourceDownError) as caught:
        extract(services, request, "club")
    assert (caught.value.source, caught.value.code) == ("club", "SQLITE_CANTOPEN")
    assert run_to_its_end(services, request) is None
    with pytest.raises(NeedsPersonError, match="cannot be reached"):  # the others wait too
        extract(services, request, "shop")
    events = [header.type for header, _ in services.register.trail.events(request)]
    assert "gate_bypassed" not in events
    says(services, request, "partial")
    first = run(services, request)
    club.put_back()
    assert set(rows(first, run(services, request))) >= {"data/club/card.csv", "data/shop/orders.csv"}


def test_the_question_and_the_errors_hold_no_place_and_no_value(services: Services, club: Club) -> None:
    request = asked(services)
    with club.away(), pytest.raises(SourceDownError) as caught:
        run(services, request)
    club.take()
    run_to_its_end(services, request)
    detail = question(services, request).detail
    assert set(detail) == {"source", "since", "tables", "code"}
    assert (detail["source"], detail["tables"], detail["code"]) == ("club", 2, "SQLITE_CANTOPEN")
    trail = json.dumps([payload for _, payload in services.register.trail.events(request)])
    for text in (str(caught.value), trail, json.dumps(detail)):
        assert str(club.path.parent) not in text
        assert "ann@example.org" not in text


def test_an_answer_that_does_not_fit_changes_nothing(services: Services, club: Club) -> None:
    request = asked(services)
    club.take()
    run_to_its_end(services, request)
    events = len(services.register.trail.events(request))
    for choice, detail, text, field in (
        ("partial", {}, WHY, "rest_by"),
        ("partial", {"rest_by": "soon"}, WHY, "rest_by"),
        ("partial", {"rest_by": str(days_away(-2).date())}, WHY, "rest_by"),
        ("partial", {"rest_by": str(days_away(60).date())}, WHY, "rest_by"),
        ("partial", {"rest_by": SOON}, " ", "text"),
        ("partial", {"rest_by": SOON, "because": "x"}, WHY, "detail"),
        ("try_again", {"rest_by": SOON}, None, "rest_by"),
        ("later", {}, WHY, "choice"),
    ):
        with pytest.raises(FormError) as caught:
            answered(services, question(services, request), choice, detail, text)
        assert set(caught.value.fields) == {field}
    assert len(services.register.trail.events(request)) == events


def test_only_an_officer_decides(services: Services, club: Club) -> None:
    request = asked(services)
    with pytest.raises(NotAllowedError):
        partial_response_service(services, "cli:zed").leave(request, "club", SOON, WHY)
    club.take()
    run_to_its_end(services, request)
    with pytest.raises(NotAllowedError):
        answered(services, question(services, request), "try_again", by="cli:zed")
    refused = [h.actor for h, _ in services.register.trail.events(request) if h.type == "answer_refused"]
    assert refused == ["cli:zed"] * 2
    says(services, request, "partial")
    with pytest.raises(TooLateError):
        last = services.register.questions.all(open_only=False, request_id=request)[-1]
        answered(services, last, "try_again")


def test_where_keys_are_looked_up_nothing_is_left_for_later(services: Services, tmp_path: Path) -> None:
    request = asked(services)
    shop = tmp_path / small.FILE
    shop.rename(tmp_path / "gone")
    assert run_to_its_end(services, request) is None
    found = question(services, request)
    assert (found.options, found.detail["hindrance"]) == (("try_again",), "keys")
    with pytest.raises(FormError, match="choose try_again"):
        says(services, request, "partial")
    says(services, request, "try_again", text=None)
    with pytest.raises(RefusedError, match="cannot be left for later") as caught:
        partial_response_service(services).leave(request, "shop", SOON, WHY)
    assert "bring it back" in caught.value.remedy


def test_what_can_be_left_for_later(services: Services, club: Club, tmp_path: Path) -> None:
    mini.write_inventory(tmp_path / "inventory", mini.SQLITE_SHOP)  # which has consents
    inventory = again(services, tmp_path).inventory
    assert hindrance(inventory, "shop") == "keys"
    assert hindrance(inventory, "club") is None
    value = "column: purpose, value: coaching, withdrawn: withdrawn_at"
    consent = f"consent: {{table: shop.consent, {value}}}"
    retention = "{period: P1Y, trigger: {nl: nadat u stopte, en: after you stopped}}"
    purpose = f"basis: A6-1-a, title: {{nl: C, en: C}}, retention: {retention}, recipients: []"
    club.declare(tmp_path / "inventory", more=f"  coaching: {{{purpose}, {consent}}}")
    # Its own consents are in another source.
    assert hindrance(again(services, tmp_path).inventory, "club") is None
    shop = tmp_path / "inventory" / "shop.yml"
    text = shop.read_text(encoding="utf-8").replace(value, "column: note, value: gold")
    club.declare(tmp_path / "inventory")
    shop.write_text(text.replace("consent: {table: consent", "consent: {table: club.card"), encoding="utf-8")
    assert hindrance(again(services, tmp_path).inventory, "club") == "consents"
    only = inventory.model_copy(update={"sources": {"club": inventory.sources["club"]}})
    assert hindrance(only, "club") == "only_source"


def test_taken_back_before_the_part_left(services: Services, club: Club) -> None:
    request = asked(services)
    with pytest.raises(RefusedError):
        partial_response_service(services).take_back(request, "club")
    partial_response_service(services).leave(request, "club", SOON, WHY)
    partial_response_service(services).take_back(request, "club")
    assert run(services, request).name == f"{request}-access.zip"


def test_a_decision_holds_for_the_tables_that_it_was_taken_about(
    services: Services, club: Club, tmp_path: Path
) -> None:
    request = asked(services)
    with club.away():
        run_to_its_end(services, request)
        says(services, request, "partial")
        file = tmp_path / "inventory" / "club.yml"
        text = file.read_text(encoding="utf-8")
        more = text[text.index("  visit:") :].replace("  visit:", "  visit_too:")
        file.write_text(text + more, encoding="utf-8")
        later = again(services, tmp_path)
        assert run_to_its_end(later, request) is None
        assert question(later, request).detail["tables"] == 3


def test_a_promised_day_that_is_over_promises_nothing(services: Services, club: Club) -> None:
    request = asked(services)
    with club.away():
        run_to_its_end(services, request)
        says(services, request, "partial")
        late = (datetime.now(UTC) + timedelta(days=10)).isoformat().replace("+00:00", "Z")
        assert run_to_its_end(dataclasses.replace(services, now=lambda: late), request) is None
        assert question(services, request).options == ("try_again", "partial")


def test_a_part_with_nothing_in_it_is_none(services: Services, club: Club) -> None:
    request = store(services, {"customer_id": "4711"}, "access", received_at=RECEIVED)
    with club.away():
        run_to_its_end(services, request)
        says(services, request, "partial")
        assert run_to_its_end(services, request) is None
        found = question(services, request)
        assert (found.options, found.detail["hindrance"]) == (("try_again",), "nothing_to_give")
        assert services.register.requests.get(request).state is State.NEEDS_PERSON
        says(services, request, "try_again", text=None)
    with pytest.raises(NeedsPersonError, match="No system holds anything"):
        run(services, request)
