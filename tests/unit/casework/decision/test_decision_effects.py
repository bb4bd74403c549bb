"""What follows from each decision: facts, letters, and what leaves the warehouse."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import pytest
from testbed.running import run_reviewed, store
from tests.support.days import days_away, local_today
from tests.support.deciding import ANN, Bureau, trigger_codes, unchanged

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.letters import send as post
from afschrift.domain.errors import RefusedError
from afschrift.domain.state import State
from afschrift.law.clock.clock import Clock, clock
from afschrift.law.clock.facts import FactKind
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

pytestmark = pytest.mark.slow

EXCESS = ("refuse", "manifestly_excessive")
UNTIL = days_away(50).date().isoformat()
SOME = ["shop.ticket", "shop.ticket_message.body"]


def clock_of(bureau: Bureau, request: str) -> Clock:
    return clock(bureau.register.facts.timeline(request), load_jurisdiction(bureau.settings), local_today())


def test_a_fee_waits_for_the_person_and_the_clock_runs(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(
        question, "charge", "further_copy", earlier=question.detail["flags"][0]["earlier"][0]["request"]
    )
    letter = bureau.sign(request).letter
    assert letter is not None
    assert bureau.register.letters.get(letter).kind == "fee"
    bureau.send(letter)
    again = bureau.asked(request)  # the person has not said anything yet
    bureau.answer(again, "fulfil")
    assess(bureau.services, request)


def test_an_extension_is_a_fact_with_a_letter_and_the_question_returns(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    done = bureau.answer(question, "extend", "complexity", needed_until=UNTIL)
    assert done.letter is not None
    bureau.send(done.letter)
    [extended] = bureau.register.facts.timeline(request).of(FactKind.EXTENDED)
    assert extended.sent_on is not None
    again = bureau.asked(request)
    assert "extend" not in again.options
    bureau.answer(again, "fulfil")
    assess(bureau.services, request)


def test_to_specify_stops_the_clock_once_its_letter_is_sent(bureau: Bureau) -> None:
    request = bureau.store()
    services = bureau.services
    many = replace(services.grounds, trigger_limits=replace(services.grounds.trigger_limits, purposes=1))
    bureau.services = replace(services, grounds=many)
    question = bureau.asked(request)
    assert trigger_codes(question) == ["many_kinds_of_processing"]
    done = bureau.answer(question, "specify", "large_quantity")
    assert done.letter is not None
    bureau.send(done.letter)
    waiting = bureau.register.facts.timeline(request).waiting
    assert waiting is not None
    assert waiting.sent_on is not None
    assert "specify" not in bureau.asked(request).options
    portability = bureau.store("portability", {"customer_id": "2"})
    assess(bureau.services, portability)  # asked of access alone (R25)
    limits = {"tables": ["shop.orders"], "quote": "only my orders"}
    limited = bureau.store(keys={"customer_id": "3"}, limits=limits)
    assess(bureau.services, limited)  # said already what they want (R24, R25)


def test_an_overlap_is_merged_and_the_earlier_receipt_stays(bureau: Bureau) -> None:
    first, request = bureau.store(days=5), bureau.store()
    question = bureau.asked(request)
    assert trigger_codes(question) == ["overlap"]
    done = bureau.answer(question, "merge", "overlap", earlier=first)
    assert done.letter is None
    assert bureau.register.requests.get(request).state is State.MERGED
    [absorbed] = bureau.register.facts.timeline(first).of(FactKind.ABSORBED)
    assert absorbed.other == request
    assess(bureau.services, first)
    assert trigger_codes(bureau.asked(bureau.store(days=0))) == [
        "overlap"
    ]  # what was merged is no repetition


def test_an_earlier_request_came_on_the_day_of_the_wall_clock(bureau: Bureau) -> None:
    """R02: late in the evening of UTC it is the next day where the controller is."""
    evening = days_away(-5).replace(hour=23, minute=30)
    store(bureau.services, ANN, "access", received_at=evening.isoformat())
    [flag] = bureau.asked(bureau.store()).detail["flags"]
    assert flag["received_on"] == str(days_away(-4).date())


def test_a_wider_request_is_not_merged(bureau: Bureau) -> None:
    limits = {"quote": "Alleen mijn bestellingen.", "tables": ["shop.orders"]}
    first, request = bureau.store(days=5, limits=limits), bureau.store()
    question = bureau.asked(request)
    give = lambda: bureau.answer(question, "merge", "overlap", earlier=first)  # noqa: E731
    assert "R55" in str(unchanged(bureau, question, give, RefusedError))


@pytest.mark.parametrize("code", ["rights_of_others", "trade_secret"])
def test_a_refused_part_stays_in_the_warehouse_and_the_rest_leaves(bureau: Bureau, code: str) -> None:
    request, question = bureau.flagged()
    bureau.answer(question, "refuse_part", code, places=SOME)
    letter = bureau.sign(request).letter
    assert letter is not None
    assert bureau.register.letters.get(letter).kind == "partial_refusal"
    assess(bureau.services, request)
    plan = bureau.register.plans.get(request, classify(bureau.services, request)["plan"])
    assert "ticket" in {table.table for table in plan.withheld}
    [message] = [table for table in plan.extracts if table.table == "ticket_message"]
    left = {(f.name, f.action.value, f.reason) for f in message.fields if f.name == "body"}
    assert left == {("body", "exclude", "person_decided")}
    assert "orders" in {table.table for table in plan.extracts}
    bureau.send(letter)
    assert bureau.register.requests.get(request).state is State.ACCEPTED


def test_what_the_person_does_not_want_is_left_out_by_their_own_sentence(bureau: Bureau) -> None:
    bureau.answered(2)
    request = bureau.store(message="Graag mijn gegevens. De tickets hoef ik niet.")
    done = bureau.answer(
        bureau.asked(request),
        "refuse_part",
        "persons_wish",
        places=["shop.ticket"],
        quote="De tickets hoef ik niet",
    )
    assert (done.letter, done.signer) == (None, None)
    assess(bureau.services, request)
    plan = bureau.register.plans.get(request, classify(bureau.services, request)["plan"])
    [ticket] = [table for table in plan.withheld if table.table == "ticket"]
    assert {f.reason for f in ticket.fields} == {"own_limitation"}


def test_a_hidden_restriction_gives_nothing_and_writes_no_letter(bureau: Bureau) -> None:
    """That it leaves no gap either: `test_hidden_twin`."""
    request, question = bureau.flagged()
    places = ["shop.ticket", "shop.ticket_message", "shop.customer.score"]
    bureau.answer(
        question, "restrict", "restriction", places=places, existence="hidden", review_on=UNTIL,
        refused=None, given=None, reasons=None,
    )  # fmt: skip
    assert bureau.sign(request).letter is None
    with zipfile.ZipFile(run_reviewed(bureau.services, request)) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    assert any(b"ordered_at" in content for content in files.values())
    traces = [
        (name, word)
        for name, content in files.items()
        for word in (b"help", b",700\r\n", b"UAVG-41")
        if word in content or "ticket" in name
    ]
    assert traces == []


def test_an_identity_that_stays_unproven_is_refused_with_its_letter(bureau: Bureau) -> None:
    request = bureau.store(authenticated=None)
    question = open_decision(bureau.services.grounds, bureau.register, request)
    assert trigger_codes(question) == ["asked_by_officer"]
    assert open_decision(bureau.services.grounds, bureau.register, request).id == question.id
    today = local_today().isoformat()
    bureau.answer(question, "refuse", "identity_failure", asked_on=today, reasons="Wij kregen geen antwoord.")
    letter = bureau.sign(request).letter
    assert letter is not None
    bureau.send(letter)
    assert bureau.register.requests.get(request).state is State.REFUSED


def test_the_letter_of_an_overruled_refusal_closes_nothing(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(question, *EXCESS)
    letter = bureau.sign(request).letter
    assert letter is not None
    bureau.answer(open_decision(bureau.services.grounds, bureau.register, request), "fulfil")
    with pytest.raises(RefusedError, match="another decision or answer replaced"):
        post.send(bureau.settings, bureau.register, letter, "cli:anna")
    bureau.send(letter)  # it was in the post already
    assert bureau.register.requests.get(request).state.open
    assess(bureau.services, request)
    assert clock_of(bureau, request).breaches == ()


def test_a_second_refusal_replaces_the_first(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(question, *EXCESS)
    first = bureau.sign(request).letter
    again = open_decision(bureau.services.grounds, bureau.register, request)
    bureau.answer(again, "refuse", "manifestly_unfounded")
    second = bureau.sign(request).letter
    assert None not in (first, second)
    bureau.send(str(first))
    assert bureau.register.requests.get(request).state.open
    bureau.send(str(second))
    assert bureau.register.requests.get(request).state is State.REFUSED
