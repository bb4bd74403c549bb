"""What follows from each decision, and what who decides or signs sees of it."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.support.days import days_away, local_today
from tests.support.deciding import Bureau, trigger_codes, unchanged, values_of
from tests.support.family import ADULT, CHILD, open_family
from tests.support.restricted import restrict
from tests.support.reviewing import BALANCE, LINE, Reviewers

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.casework.answer import answer_question
from afschrift.casework.decision.ground_form import request_facts
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.not_received import propose
from afschrift.casework.intake.store_request import take_in
from afschrift.casework.letters import send as post
from afschrift.domain.errors import RefusedError
from afschrift.domain.state import State
from afschrift.law.clock.clock import Clock, clock
from afschrift.law.clock.facts import FactKind
from afschrift.questions.view import Kept
from afschrift.register.records import QuestionRow
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
    [earlier, *_] = question.detail["flags"][0]["earlier"]
    bureau.answer(question, "charge", "further_copy", earlier=earlier["request"])
    letter = bureau.sign(request).letter
    assert bureau.register.letters.get(letter).kind == "fee"
    bureau.send(letter)
    again = bureau.asked(request)  # the person has not said anything yet
    bureau.answer(again, "fulfil")
    assess(bureau.services, request)


def test_an_extension_is_a_fact_with_a_letter_and_the_question_returns(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    done = bureau.answer(question, "extend", "complexity", needed_until=UNTIL)
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
    bureau.send(done.letter)
    waiting = bureau.register.facts.timeline(request).waiting
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
    assert bureau.state(request) is State.MERGED
    [absorbed] = bureau.register.facts.timeline(first).of(FactKind.ABSORBED)
    assert absorbed.other == request
    assess(bureau.services, first)
    # What was merged is no repetition.
    assert trigger_codes(bureau.asked(bureau.store(days=0))) == ["overlap"]


def test_a_wider_request_is_not_merged(bureau: Bureau) -> None:
    limits = {"quote": "Alleen mijn bestellingen.", "tables": ["shop.orders"]}
    first, request = bureau.store(days=5, limits=limits), bureau.store()
    question = bureau.asked(request)
    give = lambda: bureau.answer(question, "merge", "overlap", earlier=first)  # noqa: E731
    assert "R55" in str(unchanged(bureau, question, give, RefusedError))


def test_a_refused_part_stays_in_the_warehouse_and_the_rest_leaves(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(question, "refuse_part", "rights_of_others", places=SOME)
    assert not request_facts(bureau.officer(), request).withheld
    letter = bureau.sign(request).letter
    assert request_facts(bureau.officer(), request).withheld == set(SOME)
    assert bureau.register.letters.get(letter).kind == "partial_refusal"
    assess(bureau.services, request)
    plan = bureau.register.plans.get(request, classify(bureau.services, request)["plan"])
    assert "ticket" in {table.table for table in plan.withheld}
    [message] = [table for table in plan.extracts if table.table == "ticket_message"]
    left = {(f.name, f.action.value, f.reason) for f in message.fields if f.name == "body"}
    assert left == {("body", "exclude", "person_decided")}
    assert "orders" in {table.table for table in plan.extracts}
    bureau.send(letter)
    assert bureau.state(request) is State.ACCEPTED


def test_what_the_person_does_not_want_is_left_out_by_their_own_sentence(bureau: Bureau) -> None:
    bureau.answered(2)
    request = bureau.store(message="Graag mijn gegevens. De tickets hoef ik niet.")
    wish = {"places": ["shop.ticket"], "quote": "De tickets hoef ik niet"}
    done = bureau.answer(bureau.asked(request), "refuse_part", "persons_wish", **wish)
    assert (done.letter, done.signer) == (None, None)
    assess(bureau.services, request)
    plan = bureau.register.plans.get(request, classify(bureau.services, request)["plan"])
    [ticket] = [table for table in plan.withheld if table.table == "ticket"]
    assert {f.reason for f in ticket.fields} == {"own_limitation"}


def test_an_identity_that_stays_unproven_is_refused_with_its_letter(bureau: Bureau) -> None:
    request = bureau.store(authenticated=None)
    question = open_decision(bureau.services.grounds, bureau.register, request)
    assert trigger_codes(question) == ["asked_by_officer"]
    assert open_decision(bureau.services.grounds, bureau.register, request).id == question.id
    today = local_today().isoformat()
    bureau.answer(question, "refuse", "identity_failure", asked_on=today, reasons="Wij kregen geen antwoord.")
    letter = bureau.sign(request).letter
    bureau.send(letter)
    assert bureau.state(request) is State.REFUSED


def test_what_an_officer_asked_comes_back_until_its_decision_is_signed(bureau: Bureau) -> None:
    request = bureau.store()
    question = open_decision(bureau.services.grounds, bureau.register, request)
    assert bureau.asked(request).id == question.id
    restrict(bureau, request, question, ["shop.ticket"], sign=False)
    bureau.sign(request, "disagree")
    again = bureau.asked(request)
    assert (again.kind, trigger_codes(again)) == ("decision", ["asked_by_officer"])
    assert again.id != question.id


BASES = {
    "derived": ("die u ons niet gaf (artikel 20, eerste lid).", "not give us (Article 20(1))."),
    "legal_duty": ("overeenkomst gebruiken (artikel 20, eerste lid, onder a).", "(Article 20(1)(a))."),
    "not_automated": ("niet in een computer staan (artikel 20, eerste lid, onder b).", "(Article 20(1)(b))."),
    "public_task": ("taak in het algemeen belang (artikel 20, derde lid).", "(Article 20(3))."),
}


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    "bases", [["legal_duty"], ["derived", "public_task"], ["not_automated", "legal_duty"]]
)
def test_what_is_outside_portability_names_each_part_of_its_rule(
    bureau: Bureau, bases: list[str], language: str
) -> None:
    """R20: consent or contract, automated means, no public task; only what was decided."""
    request = bureau.store("portability", language=language)
    question = open_decision(bureau.officer().grounds, bureau.register, request)
    given = {f"kind_{number}": basis for number, basis in enumerate(bases)}
    bureau.answer(question, "refuse", "outside_portability", bases=given)
    shown = bureau.seen(to_sign(bureau, request), "airflow:sam", unmask=True)["The letter that would go out"]
    text = " ".join(values_of(shown)["Text"].split())
    assert {basis for basis, words in BASES.items() if words[language == "en"] in text} == set(bases)


def test_the_letter_of_an_overruled_refusal_closes_nothing(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(question, *EXCESS)
    letter = bureau.sign(request).letter
    bureau.answer(open_decision(bureau.services.grounds, bureau.register, request), "fulfil")
    with pytest.raises(RefusedError, match="another decision or answer replaced"):
        post.send(bureau.settings, bureau.register, letter, "cli:anna")
    bureau.send(letter)  # it was in the post already
    assert bureau.state(request).open
    assess(bureau.services, request)
    assert clock_of(bureau, request).breaches == ()


def test_a_second_refusal_replaces_the_first(bureau: Bureau) -> None:
    """Also one in the same words, whose letter names the decision in force."""
    request, question = bureau.flagged()
    bureau.answer(question, "refuse", "manifestly_unfounded")
    first = bureau.sign(request).letter
    again = open_decision(bureau.services.grounds, bureau.register, request)
    bureau.answer(again, "refuse", "manifestly_unfounded")
    second = bureau.sign(request).letter
    assert None not in (first, second) and first != second
    bureau.send(str(first))
    assert bureau.state(request).open
    bureau.send(str(second))
    assert bureau.state(request) is State.REFUSED


def to_sign(bureau: Bureau, request: str, kind: str = "decision_signed") -> QuestionRow:
    return next(q for q in bureau.questions(request) if q.kind == kind)


def test_a_flag_is_put_in_words_with_the_earlier_requests(bureau: Bureau) -> None:
    first, second = bureau.answered(2)
    question = bureau.asked(bureau.store())
    flag = bureau.seen(question)["Repetition"]
    words = "This person asked for the same 2 times before within 365 days."
    assert values_of(flag)["What was seen"] == words
    earlier = [line for line in flag.lines if line.label == "Earlier request"]
    assert [line.request for line in earlier] == [first, second]
    received = bureau.register.facts.timeline(first).received
    today = local_today()
    assert earlier[0].value.startswith(f"{first}: access, received on {received}, delivered on ")
    assert earlier[0].value[-10:] in {str(today - timedelta(1)), str(today), str(today + timedelta(1))}


def test_an_earlier_request_that_is_open_has_no_end(bureau: Bureau) -> None:
    open_one = bureau.store(days=3)
    question = bureau.asked(bureau.store())
    overlap = bureau.seen(question)["Overlap"]
    [line] = [line for line in overlap.lines if line.request]
    assert (line.request, "received on" in line.value, "ended" in line.value) == (open_one, True, False)


def test_a_second_signer_sees_the_form_the_words_and_the_letter(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    objective = "He wrote that he wants to keep us busy."
    bureau.answer(question, "refuse", "manifestly_unfounded", objective=objective)
    asked = to_sign(bureau, request)
    sections = bureau.seen(asked, "airflow:sam")
    decided = values_of(sections["What was decided"])
    expected = {"Decided": "Refuse", "By": "anna (cli:anna)", "Ground": "Manifestly unfounded"}
    assert (expected | {"What happened": objective}).items() <= decided.items()
    assert len(decided["When"]) == len("2026-11-27 19:00")
    letter = values_of(sections["The letter that would go out"])
    assert letter["Letter"] == "Refusal"
    assert objective in letter["Text"] or "Voorbeeld B.V." in letter["Text"]
    assert bureau.register.letters.all() == ()  # it was only shown
    assert "Repetition" in sections
    values = [value for section in sections.values() for value in values_of(section).values()]
    assert not any(len(value) == 64 and value.isalnum() for value in values)


def test_a_hidden_restriction_shows_that_no_letter_goes_out(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    restrict(bureau, request, question, ["shop.ticket"], sign=False)
    letter = bureau.seen(to_sign(bureau, request), "airflow:sam")["The letter that would go out"]
    assert values_of(letter) == {"Letter": "No letter: the restriction stays hidden from the person."}


WHY = "It went to the cleaners' own address."


def test_of_a_message_that_counts_as_not_received(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = open_family(tmp_path, monkeypatch)
    content = {"message": "Graag.", "channel": "cleaners", "received_at": "2026-03-04T10:00:00+01:00"}
    content |= {"right": ["access", "portability"], "keys": ADULT}
    stored = take_in(bureau.services, Intake.model_validate(content), "cli:ivo")
    case = bureau.register.cases.get(stored.case)
    question = propose(bureau.officer(), case, date(2024, 1, 1), WHY)
    sections = bureau.seen(question, "airflow:sam")
    decided = values_of(sections["What was decided"])
    assert decided["By"] == "anna (cli:anna)"
    assert decided["When"].startswith(str(local_today().year))
    expected = {"Published on": "2024-01-01", "Channel": "Cleaners", "In words": WHY}
    assert expected.items() <= decided.items()
    ends = sections["What would end with it"].lines
    assert [line.request for line in ends] == list(stored.requests)
    assert "access, received on 2026-03-04, waits for a member of staff" in ends[0].value


def test_of_a_mandate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = open_family(tmp_path, monkeypatch)
    question = bureau.asked(bureau.store(keys=CHILD, made_by="guardian"))
    form = {"kind": "guardianship_register", "checked_on": str(local_today()), "scope": "both"}
    form |= {"identity_checked": "eid", "answer_to": "representative", "answer_by": "post", "secrecy": "care"}
    officer = bureau.officer()
    done = answer_question(officer, question.id, "proven", detail=form, text=WHY)
    [decided] = bureau.seen(bureau.register.questions.get(done.signer), "airflow:sam").values()
    assert (values_of(decided)["Decided"], values_of(decided)["By"]) == ("Proven", "anna (cli:anna)")
    assert values_of(decided)["What gives the authority"] == "Guardianship register"
    assert values_of(decided)["Whether something must stay secret from the representative"] == "Care"
    assert values_of(decided)["In words"] == WHY


def test_of_a_redaction(reviewers: Reviewers) -> None:
    request = reviewers.store(formats=["csv"])
    line = LINE.replace("rights_of_others", "trade_secret")
    texts = {"redactions": [line], **BALANCE}
    reviewers.answer(reviewers.asked(request), "redact", detail={"secret_owner": "of_another"}, texts=texts)
    sections = reviewers.bureau.seen(reviewers.open(request, "review_signed"), "airflow:sam")
    decided = sections["What was decided"]
    assert (values_of(decided)["Decided"], values_of(decided)["Lines"]) == ("Redact, then ask again", line)
    assert next(line.kept for line in decided.lines if line.label == "Lines") is Kept.ROLE
    [row] = sections["What would be masked"].rows
    assert (row[0], row[2]) == ("shop.ticket_message.body", 1)
    [ground] = [values_of(section) for title, section in sections.items() if title.startswith("Ground: ")]
    assert set(BALANCE.values()) <= set(ground.values())
