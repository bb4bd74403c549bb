"""A source that is down: the question to an officer, what its answers do, and how a promised rest is kept."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from testbed import mini, small
from testbed.delivered import stem
from testbed.running import members, run, store
from tests.support.days import days_away
from tests.support.in_parts import (
    RECEIVED,
    SOON,
    WHY,
    Club,
    Part,
    again,
    always_reviewed,
    answered,
    approved,
    asked,
    coverage,
    partial_response_service,
    partly,
    question,
    rows,
    run_to_its_end,
    says,
    tables_of,
)

from afschrift.bundle.container.verify import verify
from afschrift.casework.partial_response.question import hindrance
from afschrift.domain.errors import (
    FormError,
    GateError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
    SourceDownError,
    TooLateError,
)
from afschrift.domain.instants import rfc3339
from afschrift.domain.state import State
from afschrift.register.records import QuestionRow
from afschrift.services import Services
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

pytestmark = pytest.mark.slow


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
    assert stem(run(services, request)) == f"{request}-access"


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
        partial_response_service(services, "cli:ivo").leave(request, "club", SOON, WHY)
    club.take()
    run_to_its_end(services, request)
    with pytest.raises(NotAllowedError):
        answered(services, question(services, request), "try_again", by="cli:ivo")
    refused = [h.actor for h, _ in services.register.trail.events(request) if h.type == "answer_refused"]
    assert refused == ["cli:ivo"] * 2
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
    assert stem(run(services, request)) == f"{request}-access"


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


def later(services: Services, days: int) -> Services:
    """The same installation so many days on."""
    then = rfc3339(datetime.now(UTC) + timedelta(days=days))
    return dataclasses.replace(services, now=lambda: then)


def test_after_the_promised_day_the_next_run_gives_all(services: Services, tmp_path: Path) -> None:
    services = always_reviewed(services, tmp_path)
    request = asked(services)
    partial_response_service(services).leave(request, "club", SOON, WHY)
    with pytest.raises(NeedsPersonError):
        run(services, request)
    bundle = approved(later(services, 12), request)
    assert stem(bundle).endswith("-access")
    assert "data/club/card.csv" in rows(bundle)


def test_after_the_promised_day_no_step_goes_on_with_the_part(services: Services, club: Club) -> None:
    """Attempt: Go on with a plan that leaves a source for later, after the promised day or once the source cannot be left any more"""
    request = asked(services)
    partial_response_service(services).leave(request, "club", SOON, WHY)
    assert classify(services, request)["sources"] == ["shop"]
    extract(services, request, "shop")
    with pytest.raises(GateError, match="cannot be left any more") as caught:
        extract(later(services, 12), request, "shop")
    assert "start a new run" in caught.value.remedy
    [*_, (_, payload)] = services.register.trail.events(request)
    assert (payload or {})["reason"] == "partial_over"


def take_out(inventory: Path, how: str) -> None:
    file = inventory / "club.yml"
    text = file.read_text(encoding="utf-8")
    if how == "source":
        file.unlink()
        return
    for table in ("card", "visit") if how == "both" else ("visit",):
        text = text.replace(f"  {table}:\n", f"  {table}:\n    personal: false\n")
    file.write_text(text, encoding="utf-8")


def the_question(services: Services, request: str) -> QuestionRow:
    assert run_to_its_end(services, request) is None
    [found] = services.register.questions.all(request_id=request)
    assert found.kind == "rest_gone"
    return found


@pytest.mark.parametrize(
    ("how", "missing"), [("source", ["card", "visit"]), ("both", ["card", "visit"]), ("one", ["visit"])]
)
def test_a_promised_rest_that_is_gone_is_asked_about_and_named(
    part: Part, tmp_path: Path, how: str, missing: list[str]
) -> None:
    """Attempt: Take a promised rest out of the inventory, so that the request closes without it"""
    request, first = part.request, part.bundle
    take_out(tmp_path / "inventory", how)
    services = again(part.services, tmp_path)
    question = the_question(services, request)
    assert question.detail == {"source": "club", "tables": missing, "rest_by": SOON}
    register = services.register
    with pytest.raises(FormError) as caught:
        answered(services, question, "not_held_any_more", text=" ")
    assert set(caught.value.fields) == {"text"}
    answered(services, question, "try_again")
    question = the_question(services, request)  # in vain: asked anew
    answered(services, question, "not_held_any_more", text=WHY)
    decision = register.decisions.of(request)[-1]
    assert classify(services, request)["sources"]  # without one, Airflow would skip the rest
    second = run(services, request)
    assert register.requests.get(request).state is State.DELIVERED
    [named] = coverage(second)["part"]["notGiven"]
    assert (named["source"], named["tables"], named["saidAt"]) == ("club", missing, decision.at)
    assert tables_of(coverage(second), "rows", "nothing_given") == ({"club.card"} if how == "one" else set())
    assert "You do not get all that we said" in members(second)["index.html"].decode()
    assert "notGiven" not in coverage(first)["part"]
    assert not verify(second, {}).problems
    assert WHY not in str([payload for _, payload in register.trail.events(request)])


def test_a_source_that_is_put_back_is_given(part: Part, club: Club, tmp_path: Path) -> None:
    services, request = part.services, part.request
    take_out(tmp_path / "inventory", "source")
    the_question(again(services, tmp_path), request)
    club.declare(tmp_path / "inventory")
    services = again(services, tmp_path)
    [question] = services.register.questions.all(request_id=request)
    answered(services, question, "not_held_any_more", text=WHY)  # too early
    second = run(services, request)
    assert {path.split("/")[1] for path in rows(second)} == {"club"}
    assert "notGiven" not in coverage(second)["part"]


def test_what_a_part_gave_is_not_left_for_later_unasked(
    services: Services, club: Club, tmp_path: Path
) -> None:
    other = Club(tmp_path, "gym")
    other.declare(tmp_path / "inventory")
    services = again(services, tmp_path)
    request = asked(services)
    partly(services, request, club)
    with pytest.raises(RefusedError, match="left nothing of gym open"):
        partial_response_service(services).leave(request, "gym", SOON, WHY)
    partial_response_service(services).leave(request, "club", SOON, WHY)
