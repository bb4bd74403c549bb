"""Nothing is destroyed for good without a role, a reason of the list and, where due, a second person."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from tests.support.days import local_today
from tests.support.deciding import Bureau
from tests.support.moves import moved
from tests.support.restricted import dispute_service

from afschrift.casework.actions.action import Subject, perform
from afschrift.casework.actions.actions import ACTIONS, open_actions, situation
from afschrift.casework.destruction import DestructionService
from afschrift.domain.errors import NotAllowedError, RefusedError, TooLateError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.law.destruction import REASONS, Destroying, reason_for, reasons
from afschrift.register.database.tables import data_key
from afschrift.register.trail.height import Height

WHY = "retention_identity"


@pytest.fixture
def closed(bureau: Bureau) -> str:
    request = bureau.store()
    moved(bureau.register, request, State.WITHDRAWN)
    return request


def by(bureau: Bureau, account: str, weeks: int = 14) -> DestructionService:
    """At work so many weeks from now."""
    return DestructionService(bureau.officer(account, utc_now() + timedelta(weeks=weeks)))


def test_a_data_key_takes_a_proposal_and_another_person(bureau: Bureau, closed: str) -> None:
    assert by(bureau, "cli:anna").propose_shredding(closed, WHY)
    assert bureau.register.data_keys.has(closed)
    with pytest.raises(NotAllowedError, match="four eyes"):
        by(bureau, "airflow:anna").sign(Destroying.SHRED, closed)  # another account, the same person
    with pytest.raises(NotAllowedError, match="second_signer"):
        by(bureau, "cli:otto").sign(Destroying.SHRED, closed)
    with pytest.raises(TooLateError, match="waits for a second person"):
        by(bureau, "cli:otto").propose_shredding(closed, WHY)
    assert bureau.register.data_keys.has(closed)

    assert by(bureau, "cli:sam").sign(Destroying.SHRED, closed) == (closed,)
    assert not bureau.register.data_keys.has(closed)
    [recorded] = bureau.events("data_key_destroyed")
    by_whom = (recorded["proposed_by"], recorded["held"]["role"])
    assert (recorded["rule"], *by_whom) == (WHY, "cli:anna", "second_signer")
    assert [event["article"] for event in bureau.events("destruction_proposed")] == ["5(1)(e)"]
    assert len(bureau.events("answer_refused")) == 2
    assert not by(bureau, "cli:anna").propose_shredding(closed, WHY)
    with pytest.raises(RefusedError, match="No destruction waits"):
        by(bureau, "cli:sam").sign(Destroying.SHRED, closed)
    assert all(reason.article and reason.title and reason.of for reason in REASONS.values())
    assert all(reasons(act) for act in Destroying)
    assert reason_for(Destroying.DROP_YEAR, "retention_trail").article == "5(1)(e)"


def test_without_a_role_nothing_is_proposed_and_the_try_is_an_event(bureau: Bureau, closed: str) -> None:
    for account in ("cli:unknown", "cli:ivo", "cli:dirk", "cli:sam"):
        with pytest.raises(NotAllowedError, match="officer"):
            by(bureau, account).propose_shredding(closed, WHY)
        with pytest.raises(NotAllowedError, match="officer"):
            by(bureau, account).propose_strays()
        for act in (Destroying.FORGET_YEAR, Destroying.DROP_YEAR, Destroying.RETIRE_KEYS):
            with pytest.raises(NotAllowedError, match="officer"):
                by(bureau, account).allow(act, reasons(act)[0].code)
    assert len(bureau.events("answer_refused")) == 4 * 5
    assert bureau.events("destruction_proposed") == []


@pytest.mark.parametrize("rule", ["", "retention_trail", "ANY", "the person asked", "restoration "])
def test_a_reason_that_is_not_on_the_list(bureau: Bureau, closed: str, rule: str) -> None:
    with pytest.raises(RefusedError, match=r"no reason to destroy.*persons_erasure \(Art\. 17\(1\)"):
        by(bureau, "cli:anna").propose_shredding(closed, rule)
    assert bureau.events("destruction_refused") == [{"act": "shred"}]
    assert bureau.register.data_keys.has(closed)


def test_period_of_records_ends_thirteen_weeks_after_the_request(bureau: Bureau, closed: str) -> None:
    """Within six of them the person may go to court (UAVG 35(2))."""
    day = local_today() + timedelta(weeks=13)
    with pytest.raises(RefusedError, match=f"kept until {day}.*AFSCHRIFT_CASE_WEEKS"):
        by(bureau, "cli:anna", weeks=12).propose_shredding(closed, WHY)
    assert bureau.events("destruction_refused") == [{"act": "shred"}]
    assert by(bureau, "cli:anna", weeks=13).propose_shredding(closed, WHY)
    other = bureau.store()
    moved(bureau.register, other, State.WITHDRAWN)
    assert by(bureau, "cli:anna", weeks=0).propose_shredding(other, "persons_erasure")


def test_open_or_held_is_kept_also_with_a_hold_after_the_proposal(bureau: Bureau, closed: str) -> None:
    with pytest.raises(RefusedError, match="is open"):
        by(bureau, "cli:anna").propose_shredding(bureau.store(), WHY)
    by(bureau, "cli:anna").propose_shredding(closed, WHY)
    dispute_service(bureau).hold(closed, "court", "Er komt een zaak.")
    with pytest.raises(RefusedError, match="under hold"):
        by(bureau, "cli:sam").sign(Destroying.SHRED, closed)
    with pytest.raises(RefusedError, match="under hold"):
        by(bureau, "cli:anna").propose_shredding(closed, WHY)
    assert bureau.register.data_keys.has(closed)
    assert bureau.events("destruction_refused") == [{"act": "shred"}] * 3


def test_a_register_that_was_set_back_keeps_its_data_keys(bureau: Bureau, closed: str) -> None:
    by(bureau, "cli:anna").propose_shredding(closed, WHY)
    store = bureau.register.store
    with store.database.read() as tx:
        kept = store.height_keeper.of(tx)
    assert kept.keep(Height(0, 900, "f" * 64))
    with pytest.raises(RefusedError, match=r"set back.*register restored.*--sign"):
        by(bureau, "cli:sam").sign(Destroying.SHRED, closed)
    assert bureau.register.data_keys.has(closed)
    assert bureau.events("destruction_refused") == [{"act": "shred"}]


def test_a_request_reopened_after_the_proposal_keeps_its_data_key(bureau: Bureau) -> None:
    """A letter came back: without its key an open request could neither be answered nor ended."""
    request = bureau.store()
    moved(bureau.register, request, State.DELIVERED)
    by(bureau, "cli:anna").propose_shredding(request, WHY)
    moved(bureau.register, request, State.READY)
    with pytest.raises(RefusedError, match="is open"):
        by(bureau, "cli:sam").sign(Destroying.SHRED, request)
    assert bureau.register.data_keys.has(request)
    assert bureau.events("destruction_refused") == [{"act": "shred"}]
    assert by(bureau, "cli:sam").sign(Destroying.SHRED, request, agree=False) == ()


def test_strays_other_than_those_proposed_stay(bureau: Bureau) -> None:
    assert by(bureau, "cli:anna").propose_strays() == ()
    request = bureau.store()
    database = bureau.register.data_keys._db

    def stray(owner: str) -> None:
        with database.write() as tx:
            row = tx.execute(select(data_key).where(data_key.c.owner == request)).one()
            tx.execute(insert(data_key).values({**row._mapping, "owner": owner}))

    stray("req-000000000001")
    assert by(bureau, "cli:anna").propose_strays() == ("req-000000000001",)
    stray("req-000000000002")
    with pytest.raises(TooLateError, match="Other data keys"):
        by(bureau, "cli:sam").sign(Destroying.SHRED_STRAYS)
    by(bureau, "cli:sam").sign(Destroying.SHRED_STRAYS, agree=False)
    both = ("req-000000000001", "req-000000000002")
    assert by(bureau, "cli:anna").propose_strays() == both
    assert by(bureau, "cli:sam").sign(Destroying.SHRED_STRAYS) == both
    assert bureau.register.data_keys.strays() == ()
    assert bureau.register.data_keys.has(request)


def test_on_a_page_it_is_proposed_then_signed(bureau: Bureau, closed: str) -> None:
    def offered(account: str, request: str = closed) -> set[str]:
        officer = bureau.officer(account)
        found = open_actions(officer, situation(officer, Subject.REQUEST, request))
        return {action.name for action in found} & set(acts)

    acts = {action.name: action for action in ACTIONS if "destr" in action.name}
    assert offered("cli:anna", bureau.store()) == set()
    assert (offered("cli:otto"), offered("cli:sam")) == ({"destroy"}, set())
    perform(bureau.officer("cli:otto"), acts["destroy"], closed, {"rule": "persons_erasure"})
    assert (offered("cli:otto"), offered("cli:sam")) == (set(), {"sign-destruction"})
    for agree in ("false", "true"):
        perform(bureau.officer("cli:sam"), acts["sign-destruction"], closed, {"agree": agree})
        assert offered("cli:otto") == ({"destroy"} if agree == "false" else set())
        if agree == "false":
            perform(bureau.officer("cli:otto"), acts["destroy"], closed, {"rule": "persons_erasure"})
    assert not bureau.register.data_keys.has(closed)
    assert offered("cli:sam") == set()
