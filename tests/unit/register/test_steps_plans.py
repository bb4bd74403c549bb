from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import select
from tests.support.nightly import both_databases
from tests.unit.conftest import Open

from afschrift.domain.decision import Action
from afschrift.domain.errors import RefusedError, UnknownRequestError
from afschrift.domain.event import NewEvent
from afschrift.domain.files import Receipt
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan, Withheld
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.register.database.tables import plan as plan_table
from afschrift.register.register import Register

INPUTS = "cd" * 32


def plan_of(request_id: str, statement: str = "SELECT 1") -> Plan:
    mail = FieldPlan(
        "email", ValueKind.TEXT, Action.INCLUDE, ("R18", "R20"), "portable_provided", Origin.PROVIDED
    )
    body = FieldPlan(
        "body", ValueKind.TEXT, Action.MASK, ("R31",), "others", None, (Origin.OBSERVED,), "label"
    )
    score = FieldPlan("score", None, Action.EXCLUDE, ("R18",), "origin_inferred", Origin.INFERRED)
    extract = ExtractPlan(
        "shop", "customer", (mail, body), statement, ("email",), ("id",), {"by": {"x": True}}, "own"
    )
    withheld = (Withheld("shop", "score", (score,)),)
    inputs = ("aa" * 32, "bb" * 32, "0.1.0", "2026-03-02T10:00:00.000000Z")
    formats, consents = ("csv", "json"), {"coaching": "withdrawn"}
    return Plan(
        request_id, Right.PORTABILITY, "nl", formats, (extract,), withheld, *inputs, consents=consents
    )


@both_databases
def test_a_finished_step_is_remembered_by_its_inputs_and_part(register: Register, open_one: Open) -> None:
    request = open_one()
    assert register.steps.result(request.id, "extract", INPUTS, "shop") is None
    result = {"uri": "x", "rows": 3, "files": [{"sha256": "ee" * 32}], "none": None}
    event = NewEvent("extracted")
    assert register.steps.finish(request.id, "extract", INPUTS, result, event, part="shop") == result
    assert register.steps.result(request.id, "extract", INPUTS, "shop") == result
    assert register.steps.result(request.id, "extract", INPUTS) is None
    assert register.steps.result(request.id, "extract", "ef" * 32, "shop") is None
    assert register.steps.result(open_one().id, "extract", INPUTS, "shop") is None
    with pytest.raises(UnknownRequestError):
        register.steps.finish("req-000000000000", "close", INPUTS, {})


@pytest.mark.parametrize("first", [{"sha256": "1", "t": [1, 2]}, {}])
def test_second_finish_returns_the_first(
    register: Register, opened: Request, first: dict[str, object]
) -> None:
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in first.items()}
    assert register.steps.finish(opened.id, "package", INPUTS, given, NewEvent("sealed")) == first
    before = register.trail.events()
    assert register.steps.finish(opened.id, "package", INPUTS, {"sha256": "2"}, NewEvent("sealed")) == first
    assert register.steps.result(opened.id, "package", INPUTS) == first
    assert register.trail.events() == before


def test_latest_step_is_the_last_recorded(register: Register, opened: Request) -> None:
    assert register.steps.latest(opened.id, "classify") is None
    for n in (1, 2):
        register.steps.finish(opened.id, "classify", f"{n}" * 64, {"n": n})
    register.steps.finish(opened.id, "extract", INPUTS, {"n": 3})
    assert register.steps.latest(opened.id, "classify") == {"n": 2}
    register.steps.finish(opened.id, "classify", "1" * 64, {"n": 4})
    assert register.steps.latest(opened.id, "classify") == {"n": 2}


@both_databases
def test_a_plan_comes_back_equal_by_its_digest(register: Register, opened: Request) -> None:
    plan = plan_of(opened.id)
    digest = register.plans.save(plan)
    assert digest == plan.digest() == register.plans.save(plan)
    assert register.plans.get(opened.id, digest) == plan
    other = plan_of(opened.id, "SELECT 2")
    assert register.plans.get(opened.id, register.plans.save(other)) == other
    assert register.plans.get(opened.id, digest) == plan


def test_a_plan_that_is_not_there_names_the_task_that_makes_it(register: Register, open_one: Open) -> None:
    request, other = open_one(), open_one()
    digest = register.plans.save(plan_of(other.id))
    with pytest.raises(RefusedError, match="clear `classify`"):
        register.plans.get(request.id, digest)


@both_databases
def test_a_delivery_is_recorded_once_with_its_event(register: Register, opened: Request) -> None:
    receipt = Receipt("file:///outbox/b-1.zip", 3_000_000_000, "ee" * 32)
    recorded = register.deliveries.record(opened.id, "outbox", receipt)
    before = register.trail.events()
    assert register.deliveries.record(opened.id, "outbox", receipt) == recorded
    assert register.trail.events() == before
    assert before[-1][0].type == "bundle_delivered"
    moved = Receipt("file:///outbox/b-2.zip", 3_000_000_000, "ee" * 32)
    second = register.deliveries.record(opened.id, "outbox", moved, kind="supplement")
    assert register.deliveries.of(opened.id) == (recorded, second)
    assert (recorded.kind, recorded.bytes, second.kind) == ("full", 3_000_000_000, "supplement")


def stored_bytes(register: Register, request_id: str) -> int:
    with register.plans._db.read() as tx:
        row = tx.execute(select(plan_table.c.ciphertext).where(plan_table.c.request_id == request_id)).one()
    return len(row.ciphertext)


def test_a_plan_of_many_tables_is_kept_small(register: Register, opened: Request) -> None:
    small = plan_of(opened.id)
    [extract] = small.extracts
    wide = replace(small, extracts=tuple(replace(extract, table=f"t{n}") for n in range(1_000)))
    register.plans.save(wide)
    assert register.plans.get(opened.id, wide.digest()) == wide
    assert stored_bytes(register, opened.id) < len(msgspec.json.encode(wide)) / 20


def test_a_plan_that_an_earlier_version_kept_is_still_read(
    register: Register, opened: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("afschrift.register.steps.zlib.compress", bytes)
        digest = register.plans.save(plan_of(opened.id))
    assert stored_bytes(register, opened.id) > len(msgspec.json.encode(plan_of(opened.id)))
    assert register.plans.get(opened.id, digest) == plan_of(opened.id)
