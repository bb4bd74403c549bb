"""Findings of the map check are notified once, notified as corrected once, and kept while a source is down."""

from collections.abc import Sequence

import pytest

from afschrift.casework.notices.reminder import Message
from afschrift.datamap.check.finding import Code
from afschrift.datamap.check.map_findings import (
    MapFinding,
    map_reminder,
    open_findings,
    record,
    status,
    stopping_findings,
)
from afschrift.register.register import Register

BY = "airflow:check_inventory"
COLUMN = MapFinding("shop.customer.vip", "column_not_described", "error")
ORPHAN = MapFinding("crm.call.case_id", "points_to_nothing", "warning")


class Box:
    """A notifier that keeps its messages, or takes none."""

    def __init__(self, register: Register, name: str, roles: Sequence[str] = ()) -> None:
        self.register, self.name, self.roles = register, name, roles
        self.taken: list[Message] = []
        self.broken = False

    def send(self, message: Message) -> None:
        if self.broken:
            raise ConnectionError
        self.taken.append(message)

    def take(self) -> list[tuple[str, str]]:
        """Place and status of what one more reminder holds."""
        before = len(self.taken)
        map_reminder(self.register, BY).remind(self.name, self.send, self.roles)
        return [(row["Place"], row["Status"]) for message in self.taken[before:] for row in message.rows]


def test_notifier_gets_a_finding_once_and_again_when_corrected(register: Register) -> None:
    office, other = Box(register, "office", ["officer"]), Box(register, "other")
    assert (open_findings(register), status(register), office.take()) == (frozenset(), None, [])
    assert record(register, [COLUMN, ORPHAN], [], BY).new == {COLUMN, ORPHAN}
    found = [(ORPHAN.place, "new"), (COLUMN.place, "new")]
    assert (office.take(), office.take(), other.take()) == (found, [], found)
    assert record(register, [COLUMN, ORPHAN], [], BY).new == frozenset()
    assert office.take() == []
    assert record(register, [COLUMN], [], BY).mended == {ORPHAN}
    mended = [(ORPHAN.place, "mended")]
    assert (office.take(), office.take(), other.take()) == (mended, [], mended)
    record(register, [COLUMN, ORPHAN], [], BY)
    assert office.take() == [(ORPHAN.place, "new")]
    record(register, [COLUMN], [], BY, settled=[(ORPHAN.place, ORPHAN.code)])
    assert (office.take(), office.take()) == ([(ORPHAN.place, "settled")], [])
    record(register, [COLUMN, ORPHAN], [], BY)
    assert office.take() == [(ORPHAN.place, "new")]
    for came_and_went in ([ORPHAN], [COLUMN, ORPHAN]):
        record(register, came_and_went, [], BY)
    assert office.take() == []


def test_failed_notifier_is_tried_again_and_other_roles_get_nothing(register: Register) -> None:
    office, signers = Box(register, "office", ["keeper"]), Box(register, "signers", ["second_signer"])
    record(register, [COLUMN], [], BY)
    office.broken = True
    with pytest.raises(ConnectionError):
        office.take()
    office.broken = False
    assert (office.take(), signers.take()) == ([(COLUMN.place, "new")], [])
    assert "afschrift inventory check --live" in office.taken[0].text


def test_requests_wait_for_what_a_plan_would_miss(register: Register) -> None:
    join = MapFinding("shop.line", Code.JOIN_FINDS_NOTHING, "error")
    aside = MapFinding("shop.stock.note", "column_not_described", "warning")
    key = MapFinding("shop.line", Code.KEY_NOT_UNIQUE, "error")
    record(register, [COLUMN, ORPHAN, join, aside, key], [], BY)
    stopping = ["shop.customer.vip column_not_described", "shop.line join_finds_nothing"]
    assert stopping_findings(register) == stopping
    checked = record(register, [], ["crm"], BY)  # which was not reached
    assert (checked.findings, checked.mended) == ({ORPHAN}, {COLUMN, join, aside, key})


def test_unchecked_finding_stays_open_and_checked_one_is_closed(register: Register) -> None:
    table = MapFinding("shop.big", "table_not_reached", "error")
    join = MapFinding("shop.big.order_id", "join_finds_nothing", "error")
    gone = MapFinding("shop.big.old", "column_gone", "error")
    other = MapFinding("shop.bigger", "table_not_reached", "error")
    record(register, [table, join, gone, other], [], BY)

    looked_for = [("shop.big", "table_not_reached"), ("shop.big", "join_finds_nothing")]
    assert record(register, [], [], BY, undecided=looked_for).findings == {table, join}
    stopping = ["shop.big table_not_reached", "shop.big.order_id join_finds_nothing"]
    assert stopping_findings(register) == stopping
    assert record(register, [], [], BY, undecided=looked_for[:1]).mended == {join}


def test_a_part_of_the_rows_makes_an_error_of_all_of_them_no_milder(register: Register) -> None:
    join = MapFinding("shop.big.order_id", "join_finds_nothing", "error")
    of_a_part = MapFinding(join.place, join.code, "warning")
    record(register, [join], [], BY)

    record(register, [of_a_part], [], BY, undecided=[(join.place, join.code)])
    assert stopping_findings(register) == ["shop.big.order_id join_finds_nothing"]
    record(register, [], [], BY)
    record(register, [of_a_part], [], BY, undecided=[(join.place, join.code)])
    assert stopping_findings(register) == []


def test_a_finding_of_another_severity_is_no_other_finding(register: Register) -> None:
    record(register, [COLUMN], [], BY)
    milder = MapFinding(COLUMN.place, COLUMN.code, "warning")

    checked = record(register, [milder], [], BY)

    assert (checked.new, checked.mended) == (frozenset(), frozenset())
    assert stopping_findings(register) == []
