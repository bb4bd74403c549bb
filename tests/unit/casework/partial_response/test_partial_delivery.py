"""A partial delivery, the supplement that closes the same request, and informing of both (R37, R44)."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from babel.dates import format_date
from testbed.delivered import stem
from testbed.running import drive, hand_over, members, run, store
from tests.support.days import local_today
from tests.support.in_parts import (
    ANN,
    RECEIVED,
    SOON,
    WHY,
    Club,
    Part,
    again,
    always_reviewed,
    approved,
    asked,
    coverage,
    partial_response_service,
    partly,
    rows,
    tables_of,
)
from tests.support.kept import Kept
from tests.support.nightly import nightly_after

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.bundle.container.verify import verify
from afschrift.casework.actions.action import Subject, perform
from afschrift.casework.actions.actions import actions_of
from afschrift.casework.delivery.removing import lies_there
from afschrift.casework.letters.due_letters import letters_due
from afschrift.domain.errors import GateError
from afschrift.domain.state import State, StatusTerm
from afschrift.law.clock.clock import clock
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.law.clock.sending import Sending, record_sending
from afschrift.law.partial_response import awaited
from afschrift.services import Services
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.dry_run import preview

pytestmark = pytest.mark.slow


def test_partial_and_supplement_give_what_one_bundle_gives(services: Services, club: Club) -> None:
    whole = run(services, asked(services))
    other = asked(services)
    first = partly(services, other, club)
    assert stem(first) == f"{other}-access-partial"
    assert services.register.requests.get(other).state is State.ACCEPTED
    second = run(services, other)
    assert stem(second) == f"{other}-access-supplement"
    assert services.register.requests.get(other).state is State.DELIVERED
    assert rows(first, second) == rows(whole)
    assert {path.split("/")[1] for path in rows(second)} == {"club"}
    assert not verify(first, {}).problems
    assert not verify(second, {}).problems
    kinds = [fact.kind for fact in services.register.deliveries.of(other)]
    assert kinds == ["partial", "supplement"]


def test_the_coverage_of_both_parts(part: Part) -> None:
    services, request, first = part.services, part.request, part.bundle
    first_coverage = coverage(first)
    assert first_coverage["part"] == {"kind": "partial", "rest": [{"source": "club", "restBy": SOON}]}
    failed = [table for table in first_coverage["tables"] if table["source"] == "club"]
    stated = [(table["table"], table["status"], table["restBy"]) for table in failed]
    assert stated == [("card", "failed", SOON), ("visit", "failed", SOON)]
    second = run(services, request)
    second_coverage = coverage(second)
    [given] = services.register.facts.timeline(request).of(FactKind.PARTLY_DELIVERED)
    assert second_coverage["part"] == {"kind": "supplement", "follows": [given.detail["bundle"]]}
    [orders], [before] = (
        [table for table in found["tables"] if table["table"] == "orders"]
        for found in (first_coverage, second_coverage)
    )
    earlier = {"rows": orders["rows"], "deliveredAt": given.at, "bundle": given.detail["bundle"]}
    assert (before["status"], before["before"]) == ("given_before", {"status": "rows", **earlier})
    given_first = tables_of(first_coverage, "rows", "nothing_given", "withheld")
    given_second = tables_of(second_coverage, "rows", "nothing_given", "withheld")
    assert given_second == {"club.card", "club.visit"}
    assert tables_of(second_coverage, "given_before") == given_first
    assert tables_of(first_coverage, "failed") == given_second


@pytest.mark.parametrize(("language", "title", "now", "rest"), nightly_after(1, [
    ("nl", "De klantenkaart club", "Dit is een deel van ons antwoord. De rest volgt.", "Dit is de rest van ons antwoord."),
    ("en", "The loyalty card club", "This is a part of our answer. The rest follows.", "This is the rest of our answer."),
]))  # fmt: skip
def test_the_person_reads_first_that_it_is_a_part(
    services: Services, club: Club, language: str, title: str, now: str, rest: str
) -> None:
    request = store(services, ANN, "access", received_at=RECEIVED, language=language)
    day = format_date(date.fromisoformat(SOON), "d MMMM", language)
    first = members(partly(services, request, club))
    second = members(run(services, request))
    for bundle, words in ((first, (now, title, day)), (second, (rest,))):
        page = bundle["index.html"].decode()
        head = page[page.index("<main") :].partition("<section")[0]
        assert [word for word in words if word not in head] == []
        assert words[0] in bundle["README.txt"].decode()
    assert "everything_" not in second["index.html"].decode()


def test_the_clock_goes_on_and_the_status_says_so(services: Services, club: Club) -> None:
    request = asked(services)
    place = jurisdiction_of(services.inventory.controller)
    before = clock(services.register.facts.timeline(request), place, local_today())
    partly(services, request, club)
    timeline = services.register.facts.timeline(request)
    after = clock(timeline, place, local_today())
    assert (after.due, after.closed_on) == (before.due, None)
    assert StatusTerm.PARTLY_FULFILLED in after.status
    assert StatusTerm.PARTLY_FULFILLED.broader.endswith("RequestStatus")
    (part, rest_by) = awaited(timeline) or (None, None)
    assert (str(part and part.day), str(rest_by)) == (str(local_today()), SOON)
    assert any("Partly delivered" in step and SOON in step for step in after.steps)
    late = clock(timeline, place, date.fromisoformat(SOON) + timedelta(days=1))
    assert "rest_late:R44" in late.breaches
    run(services, request)
    closed = services.register.facts.timeline(request)
    assert awaited(closed) is None
    assert StatusTerm.PARTLY_FULFILLED not in clock(closed, place, local_today()).status


def test_the_dry_run_names_parts(services: Services, club: Club) -> None:
    request = asked(services)
    with club.away():
        partial_response_service(services).leave(request, "club", SOON, WHY)
        lines = list(preview(services, request, sql=False))
        assert any("club: left for later" in line and SOON in line for line in lines)
        run(services, request)
    lines = list(preview(services, request, sql=False))
    assert any("shop.orders: given on" in line for line in lines)
    assert any(line.startswith("\nclub.card: 2 rows") for line in lines)


def test_after_a_part_no_step_closes_the_request(part: Part, tmp_path: Path) -> None:
    """Whatever is cleared or marked in Airflow after a part was delivered, the request stays open."""
    services, request = part.services, part.request
    outbox = sorted((tmp_path / "home" / "outbox").iterdir())
    register = services.register
    for step in (close, deliver, close):
        step(services, request)
    for step_ in (lambda s, r: extract(s, r, "shop"), validate, package):
        with pytest.raises(GateError, match="is delivered already"):
            step_(services, request)
    assert register.requests.get(request).state is State.ACCEPTED
    assert sorted((tmp_path / "home" / "outbox").iterdir()) == outbox
    refused = [p for h, p in register.trail.events(request) if h.type == "gate_refused"]
    assert [(p or {})["reason"] for p in refused] == ["part_delivered"] * 3
    assert [h.type for h, _ in register.trail.events(request)].count("part_closed") == 1
    assert not services.staging(request).exists("keys.json")


def test_a_person_looks_at_each_part(services: Services, club: Club, tmp_path: Path) -> None:
    services = always_reviewed(services, tmp_path)
    request = asked(services)
    with club.away():
        partial_response_service(services).leave(request, "club", SOON, WHY)
        assert stem(approved(services, request)).endswith("-partial")
    assert stem(approved(services, request)).endswith("-supplement")
    assert services.register.requests.get(request).state is State.DELIVERED
    assert "gate_bypassed" not in [h.type for h, _ in services.register.trail.events(request)]


@pytest.fixture
def whole(part: Part, kept: Kept, tmp_path: Path) -> Part:
    """The rest is delivered too; the person knows of neither."""
    kept.reached("part and rest are delivered", tmp_path / "home", lambda: drive(part.services, part.request))
    return Part(again(part.services, tmp_path), part.request, part.bundle)


def timeline(services: Services, request: str) -> Timeline:
    return services.register.facts.timeline(request)


def fact_of(services: Services, request: str, kind: FactKind) -> FactRow:
    [found] = timeline(services, request).of(kind)
    return found


def record_letter(services: Services, request: str, kind: FactKind) -> State:
    about = fact_of(services, request, kind).id
    sending = Sending(local_today(), "registered_post", "3SABC123")
    services.register.facts.record(
        request, lambda t: record_sending(t, local_today(), about, sending), "officer"
    )
    return timeline(services, request).state


@pytest.mark.parametrize("turned", [False, True])
def test_the_last_letter_of_part_and_rest_ends_it_in_any_order(whole: Part, turned: bool) -> None:
    services, request_id = whole.services, whole.request
    first, second = sorted((FactKind.ANSWER_READY, FactKind.PARTLY_DELIVERED), reverse=turned)
    assert record_letter(services, request_id, first) is State.READY
    assert record_letter(services, request_id, second) is State.DELIVERED
    assert timeline(services, request_id).ended_on == local_today()


def test_part_and_rest_that_were_taken_away_are_given_again_as_one(
    services: Services, club: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "inventory"))
    request = asked(services)
    given = rows(partly(services, request, club), run(services, request))
    officer = partial_response_service(services).officer
    actions = {action.name: action for action in actions_of(Subject.DELIVERY)}
    for row in services.register.deliveries.of(request):
        perform(officer, actions["revoke"], row.id, {})
    perform(officer, actions["again"], row.id, {})
    assert rows(run(services, request)) == given
    kinds = [(row.kind, lies_there(row)) for row in services.register.deliveries.of(request)]
    assert kinds == [("partial", False), ("supplement", False), ("full", True)]


def test_a_handover_covers_every_part_not_yet_announced(whole: Part) -> None:
    services, request_id = whole.services, whole.request
    hand_over(services, request_id)
    found = timeline(services, request_id)
    assert found.state is State.DELIVERED
    assert found.to_inform == found.unsent_parts == ()
    assert len(found.of(FactKind.HANDED_OVER)) == 2


def test_a_letter_of_the_part_that_comes_back_after_the_end_opens_it_again(whole: Part) -> None:
    services, request_id = whole.services, whole.request
    record_letter(services, request_id, FactKind.PARTLY_DELIVERED)
    record_letter(services, request_id, FactKind.ANSWER_READY)
    part = fact_of(services, request_id, FactKind.PARTLY_DELIVERED)

    def back(now: Timeline) -> list[NewFact]:
        return [NewFact(FactKind.LETTER_BOUNCED, about=part.id, to=now.reopened_by(part))]

    services.register.facts.record(request_id, back, "officer")
    assert timeline(services, request_id).state is State.READY
    hand_over(services, request_id)
    assert timeline(services, request_id).state is State.DELIVERED
    assert fact_of(services, request_id, FactKind.HANDED_OVER).about == part.id


def test_a_part_without_its_letter_has_a_letter_due(part: Part) -> None:
    services, request = part.services, part.request
    place = jurisdiction_of(services.inventory.controller)

    def due() -> tuple[str, ...]:
        timeline = services.register.facts.timeline(request)
        return letters_due(services.register, timeline, place, local_today())

    assert due() == ("partial_delivery",)
    drive(services, request)
    assert due() == ("partial_delivery",), "the supplement does not say where the first part is"
