"""A letter that asks for several things, for what is not ours, or that went to an address not meant for it."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from testbed.register_reader import faults
from testbed.running import run
from tests.support.days import local_today
from tests.support.deciding import ROLES, Bureau
from tests.support.family import ADULT, open_family
from tests.support.moves import moved

from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.not_received import propose
from afschrift.casework.intake.read_right import Reading, read_right
from afschrift.casework.intake.referral import pending_referrals, record_handed_over, referral_reminder
from afschrift.casework.intake.store_request import StoredCase, take_in
from afschrift.casework.notices.reminder import Message
from afschrift.domain.errors import (
    FormError,
    NeedsPersonError,
    NotAllowedError,
    RefusedError,
    TooLateError,
)
from afschrift.domain.instants import utc_now
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.case_facts import OTHER_RIGHTS, CaseFactKind, Matter, referrals
from afschrift.law.clock.alarm import marks
from afschrift.law.clock.facts import FactKind
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

MESSAGE = "Stuur alles wat u van mij hebt, en wis daarna mijn account. Zangvogel."
WORDS = "alles wat u van mij hebt"
SAM = "airflow:sam"
ZONE, RECEIVED = "Europe/Amsterdam", "2026-03-04T10:00:00+01:00"


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_family(tmp_path, monkeypatch)


def taken(bureau: Bureau, **content: Any) -> StoredCase:
    whole = {
        "message": MESSAGE,
        "channel": "email",
        "received_at": RECEIVED,
        "right": ["access"],
        "keys": ADULT,
    }
    whole |= {"authenticated": {"by": "log-in", "level": "high", "at": RECEIVED}, **content}
    kept = {name: value for name, value in whole.items() if value is not None}
    return take_in(bureau.services, Intake.model_validate(kept), "cli:ivo")


def test_other_rights_are_in_the_case_with_term_day_and_desk(bureau: Bureau) -> None:
    stored = taken(bureau, right=["access", "portability"], other_rights=["erasure", "objection", "erasure"])
    assert [bureau.register.requests.get(request).right for request in stored.requests] == list(Right)
    assert stored.matters == (Matter.ERASURE, Matter.OBJECTION)
    erasure, objection = referrals(bureau.register.case_facts.of(stored.case))
    assert (erasure.due, erasure.desk) == (date(2026, 4, 7), "customer service")  # 4 April is a Saturday,
    assert (objection.due, objection.desk) == (date(2026, 4, 7), None)  # and Easter follows
    recorded = bureau.events("case_fact_matter_recorded")
    assert [payload["fact"]["detail"]["term"].rpartition("#")[2] for payload in recorded] == ["A17", "A21"]
    assert faults(bureau.settings.register) == []


@pytest.mark.parametrize("matter", Matter)
def test_every_matter_has_a_term(matter: Matter) -> None:
    named = "https://w3id.org/dpv/legal/eu/gdpr#A" if matter.article else "urn:afschrift:"
    assert matter.iri.startswith(named)
    assert (matter in OTHER_RIGHTS) == matter.has_period


def test_a_letter_that_asks_only_for_other_rights_is_recorded(bureau: Bureau) -> None:
    stored = taken(bureau, right=None, keys=None, authenticated=None, other_rights="rectification")
    assert stored.requests == ()
    assert bureau.register.cases.get(stored.case).requests == ()
    [found] = pending_referrals(bureau.register, utc_now(), ZONE)
    assert found.referral.matter is Matter.RECTIFICATION


def test_a_waiting_referral_is_named_until_it_is_handed_over(bureau: Bureau) -> None:
    case = taken(bureau, other_rights=["erasure"]).case
    [found] = pending_referrals(bureau.register, utc_now(), ZONE, marks())
    assert (found.level, case in found.words) == ("overdue", True)

    def hand(
        by: str = "cli:anna", matter: str = "erasure", to: str = "customer service", number: str = "T-1"
    ) -> Any:
        return record_handed_over(bureau.register, ROLES, case, matter, to, number, by)

    places = ({"to": "jan@example.org"}, {"number": "a b"})
    for wrong in ({"matter": "objection"}, {"matter": "access"}, *places):
        with pytest.raises(RefusedError) as caught:
            hand(**wrong)
        assert caught.value.remedy
    with pytest.raises(NotAllowedError):
        hand("cli:dirk")
    assert len(pending_referrals(bureau.register, utc_now(), ZONE)) == 1
    done = hand("cli:ivo")
    assert done.handed_over.detail == {"to": "customer service", "reference": "T-1"}
    assert pending_referrals(bureau.register, utc_now(), ZONE) == ()
    with pytest.raises(RefusedError, match="already"):
        hand()
    assert faults(bureau.settings.register) == []


def test_each_notifier_is_reminded_once_a_level(bureau: Bureau) -> None:
    day = local_today()
    taken(bureau, other_rights=["erasure"], received_at=f"{day - timedelta(days=1)}T12:00:00+01:00")
    sent: list[Message] = []

    def remind(days: int, notifier: str = "desk", roles: tuple[str, ...] = ()) -> int:
        now = utc_now() + timedelta(days=days)
        return referral_reminder(bureau.register, "airflow:check", now).remind(notifier, sent.append, roles)

    assert [remind(0), remind(0), remind(0, "other"), remind(0, "third", ("second_signer",))] == [1, 0, 1, 0]
    assert [remind(40), remind(41)] == [1, 0]
    assert "overdue" in sent[-1].subject
    assert "Zangvogel" not in sent[0].text + sent[0].html
    notified = [f for f in bureau.register.case_facts.of() if f.kind is CaseFactKind.MATTER_NOTIFIED]
    assert [fact.detail["level"] for fact in notified] == ["new", "new", "overdue"]
    taken(bureau, message="Ik maak bezwaar.", other_rights=["objection"])
    details = [fact.detail for fact in bureau.register.case_facts.of() if "desk" in fact.detail]
    assert {detail["matter"]: detail["desk"] for detail in details}["objection"] is None
    assert remind(0, "fourth") == 2
    assert "objection" in sent[-1].html


@pytest.mark.parametrize("content", [{"made_by": "heir"}, {"made_by": "proxy", "about_deceased": True}])
def test_the_dead_have_no_right_and_are_not_swallowed(bureau: Bureau, content: dict[str, Any]) -> None:
    stored = taken(bureau, keys=None, authenticated=None, **content)
    assert stored.matters == (Matter.DECEASED,)
    [question] = [bureau.asked(request) for request in stored.requests]
    assert (question.kind, question.role) == ("deceased", "officer")
    [found] = pending_referrals(bureau.register, utc_now(), ZONE)
    assert (found.referral.due, found.level) == (None, "new")
    assert "R17" in found.words
    assert [t.text for t in bureau.register.cases.texts(stored.case, "x")] == [MESSAGE.encode()]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"right": []}, "other_rights"),
        ({"right": "erasure"}, "right"),
        ({"right": None}, "other_rights"),
        ({"other_rights": ["access"]}, "go into `right`"),
        ({"other_rights": ["deletion"]}, "other_rights"),
        ({"made_by": "aunt"}, "made_by"),
        ({"made_by": "proxy", "representative": {"bsn": "Zangvogel"}}, "bsn"),
        ({"why": "out of curiosity"}, "why"),
        ({"right": ["unclear", "access"]}, "is given alone"),
        ({"keys": None}, "keys: a log-in knows"),
        ({"made_by": "heir"}, "R17"),
        ({"made_by": "heir", "keys": {}}, "R17"),  # of a log-in alone
        ({"about_deceased": True, "keys": None, "authenticated": None}, "made_by"),
        ({"representative": {"name": "Zangvogel"}}, "R15"),
        ({"made_by": "proxy", "representative": {}}, "representative: give"),
        ({"forwarded": [{"at": "2026-03-05T10:00:00+01:00", "from": "a@b.example", "to": "desk"}]}, "from"),
    ],
)
def test_a_fault_names_its_field_and_the_way_out(bureau: Bureau, content: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        taken(bureau, **content)
    found = caught.value.errors(include_input=False, include_url=False, include_context=False)
    errors = json.dumps([(error["loc"], error["msg"]) for error in found])
    assert words in errors
    assert "Zangvogel" not in errors
    assert bureau.register.cases.all() == ()


def test_how_it_was_forwarded_is_in_the_case_and_moves_no_date(bureau: Bureau) -> None:
    hops = [
        {"at": "2026-03-05T09:00:00+01:00", "from": "webshop help desk", "to": "facilities"},
        {"at": "2026-03-09T09:00:00+01:00", "from": "facilities", "to": "privacy office"},
    ]
    stored = taken(bureau, forwarded=hops)
    facts = bureau.register.case_facts.of(stored.case)
    way = [(hop["from"], hop["to"]) for hop in hops]
    assert [(fact.detail["from"], fact.detail["to"]) for fact in facts] == way
    assert bureau.register.facts.timeline(stored.requests[0]).received == date(2026, 3, 4)
    for wrong in (list(reversed(hops)), [{**hops[0], "at": "2026-03-03T09:00:00+01:00"}]):
        with pytest.raises(FormError, match="R02"):
            taken(bureau, forwarded=wrong)


def test_a_representative_is_kept_under_the_key_of_the_case(bureau: Bureau) -> None:
    who = {"name": "Zangvogel Merel", "email": "merel@zangvogel.example"}
    stored = taken(bureau, made_by="proxy", representative=who)
    [kept] = [t for t in bureau.register.cases.texts(stored.case, "x") if t.kind == "parties"]
    assert json.loads(kept.text or b"") == {"representative": who}
    database = Path(bureau.settings.register.removeprefix("sqlite:///"))
    assert b"Zangvogel" not in b"".join(path.read_bytes() for path in database.parent.glob("*.db*"))
    assert faults(bureau.settings.register) == []
    bureau.register.data_keys.shred(stored.requests[0], "retention")
    [gone] = [t for t in bureau.register.cases.texts(stored.case, "x") if t.kind == "parties"]
    assert gone.text is None


def test_an_unclear_right_is_read_as_access_and_stops_no_clock(bureau: Bureau) -> None:
    [request] = taken(bureau, right="unclear").requests
    assert bureau.register.requests.get(request).right is Right.ACCESS
    assert bureau.register.requests.get(request).formats == ("csv", "json")
    timeline = bureau.register.facts.timeline(request)
    assert [fact.kind for fact in timeline.facts] == [FactKind.RIGHT_UNCLEAR]
    assess(bureau.services, request)


def read(bureau: Bureau, request: str, reading: str, quote: str = WORDS, by: str = "cli:anna") -> Any:
    return read_right(bureau.officer(by), request, Reading(reading), quote)


def test_an_officer_records_the_reading_with_the_words_of_the_person(bureau: Bureau) -> None:
    [request] = taken(bureau, right="unclear").requests
    others = [(quote, "cli:anna", RefusedError) for quote in ("iets anders", " ")]
    for quote, by, error in (*others, (WORDS, "cli:dirk", NotAllowedError)):
        with pytest.raises(error):
            read(bureau, request, "portability", quote, by)
    assert bureau.register.requests.get(request).right is Right.ACCESS
    read(bureau, request, "portability", "Alles wat u\n van mij hebt")
    assert bureau.register.requests.get(request).right is Right.PORTABILITY
    assert WORDS not in json.dumps([payload for _, payload in bureau.register.trail.events()])
    with pytest.raises(TooLateError):
        read(bureau, request, "access")
    assess(bureau.services, request)
    assert faults(bureau.settings.register) == []


def test_both_opens_a_request_beside_it_with_the_same_receipt_and_identity(bureau: Bureau) -> None:
    [request] = taken(bureau, right="unclear").requests
    other = read(bureau, request, "both").other
    first, second = bureau.register.requests.get(request), bureau.register.requests.get(other)
    assert (first.right, second.right) == (Right.ACCESS, Right.PORTABILITY)
    assert (first.received_at, first.case) == (second.received_at, second.case)
    assert bureau.register.identities.of(request) == bureau.register.identities.of(other)
    assess(bureau.services, other)
    assert faults(bureau.settings.register) == []


def test_a_reading_makes_a_new_plan_and_comes_too_late_after_the_extract(bureau: Bureau) -> None:
    [request] = taken(bureau, right="unclear").requests
    assess(bureau.services, request)
    before = classify(bureau.services, request)["plan"]
    read(bureau, request, "portability")
    assess(bureau.services, request)
    assert classify(bureau.services, request)["plan"] != before
    assert Path(run(bureau.services, request)).exists()
    [late] = taken(bureau, right="unclear", keys={"customer_id": "4"}).requests
    run(bureau.services, late)
    with pytest.raises(TooLateError):
        read(bureau, late, "portability")
    [clear] = taken(bureau, keys={"customer_id": "3"}).requests
    with pytest.raises(RefusedError, match="said which right"):
        read(bureau, clear, "portability")


WHY = "Gestuurd aan de schoonmaakploeg; zangvogel."
EARLY_MESSAGE = "Stuur mij mijn gegevens."


def stored(bureau: Bureau, channel: str = "cleaners", right: Any = ("access", "portability")) -> Any:
    content = {"message": EARLY_MESSAGE, "channel": channel, "right": list(right)}
    return taken(bureau, **content, authenticated=None)


def proposed(bureau: Bureau, case: str, on: str = "2024-01-01", why: str = WHY, by: str = "cli:anna") -> Any:
    channels = bureau.services.inventory.controller.channels
    found = bureau.register.cases.get(case)
    return propose(bureau.officer(by), found, date.fromisoformat(on), why, published=channels)


def test_it_counts_once_a_second_person_agrees_and_nothing_is_deleted(bureau: Bureau) -> None:
    case = stored(bureau)
    question = proposed(bureau, case.case)
    assert (question.kind, question.role) == ("not_received", "second_signer")
    for request in case.requests:  # neither of them goes on meanwhile
        with pytest.raises(NeedsPersonError, match="R03"):
            assess(bureau.services, request)
    with pytest.raises(NotAllowedError, match="four eyes"):
        bureau.reply(question, "agree", by="airflow:anna")
    done = bureau.reply(question, "agree", by=SAM)
    assert "R03" in done.next_step
    assert "Nothing was deleted" in done.next_step
    assert {bureau.state(request) for request in case.requests} == {State.NOT_RECEIVED}
    assert bureau.register.cases.texts(case.case, "x")[0].text == EARLY_MESSAGE.encode()
    assert [key.value for key in bureau.register.identities.of(case.requests[0])] == ["1"]
    assert "zangvogel" not in json.dumps([payload for _, payload in bureau.register.trail.events()])
    assert faults(bureau.settings.register) == []
    with pytest.raises(TooLateError):
        proposed(bureau, case.case)


def test_who_disagrees_lets_the_request_go_on(bureau: Bureau) -> None:
    case = stored(bureau)
    bureau.reply(proposed(bureau, case.case), "disagree", by=SAM)
    with pytest.raises(NeedsPersonError) as caught:
        assess(bureau.services, case.requests[0])
    assert caught.value.question == "identity"
    again = proposed(bureau, case.case)
    assert bureau.reply(again, "agree", by=SAM).decision.choice == "agree"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"on": "2026-03-05"}, RefusedError),
        ({"why": "  "}, RefusedError),
        ({"by": "cli:sam"}, NotAllowedError),
        ({"channel": "email"}, RefusedError),
    ],
)
def test_what_the_rule_does_not_allow_is_refused_and_changes_nothing(
    bureau: Bureau, change: dict[str, str], error: type[Exception]
) -> None:
    case = stored(bureau, change.pop("channel", "cleaners"))
    before = bureau.register.trail.events()
    with pytest.raises(error) as caught:
        proposed(bureau, case.case, **change)
    assert caught.value.remedy  # type: ignore[attr-defined]
    assert bureau.register.trail.events() == before


def test_after_a_step_ran_it_was_received(bureau: Bureau) -> None:
    case = stored(bureau, right=("access",))
    sure = {"method": "eid", "level": "high"}
    bureau.register.decisions.take(case.requests[0], "identity", "confirmed", "cli:anna", detail=sure)
    assess(bureau.services, case.requests[0])
    with pytest.raises(TooLateError, match="R03"):
        proposed(bureau, case.case)


def test_a_step_that_runs_between_the_two_signatures_counts(bureau: Bureau) -> None:
    case = stored(bureau, right=("access",))
    question = proposed(bureau, case.case)
    bureau.register.steps.finish(case.requests[0], "assess", "0" * 64, {})
    with pytest.raises(TooLateError, match="R03"):
        bureau.reply(question, "agree", by=SAM)
    assert bureau.register.questions.get(question.id).answered_at is None


def test_a_request_that_a_run_took_up_leaves_the_case_whole(bureau: Bureau) -> None:
    """A run may have died between taking it up and finishing its first step."""
    case = stored(bureau)
    question = proposed(bureau, case.case)
    moved(bureau.register, case.requests[1], State.ACKNOWLEDGED)
    with pytest.raises(TooLateError, match="taken it up"):
        bureau.reply(question, "agree", by=SAM)
    states = [bureau.state(request) for request in case.requests]
    assert states == [State.NEEDS_PERSON, State.ACKNOWLEDGED]
    assert bureau.register.questions.get(question.id).answered_at is None
