"""What the desk keeps: an event brings a request up to date, a new day all of them, and few statements do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, event
from tests.unit.conftest import Open

from afschrift.casework.desk.desk import desk_rows
from afschrift.casework.desk.owner import assign_request
from afschrift.casework.officer import Officer
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Jurisdiction
from afschrift.law.roles import Roles
from afschrift.register.register import Register


def test_what_an_event_changes_is_read_again_by_few_statements(register: Register, open_one: Open) -> None:
    now = datetime.now(UTC)
    officer = Officer(register, Roles(open_terminal=True), "cli:anna", now)
    officer.__dict__["jurisdiction"] = Jurisdiction(calendar("NL"))
    first = open_one(received_at=(now - timedelta(days=3)).isoformat()).id
    assert [row.request for row in desk_rows(officer)] == [first]
    second = open_one(received_at=(now - timedelta(days=2)).isoformat()).id
    assign_request(officer, first, "cli:anna")
    assert {row.request: row.owner for row in desk_rows(officer)} == {first: "cli:anna", second: None}
    seen: list[str] = []
    listener = ("before_cursor_execute", lambda *given: seen.append(given[2]))
    event.listen(Engine, *listener)
    assert len(desk_rows(officer)) == 2
    event.remove(Engine, *listener)
    assert len(seen) <= 3
    later = replace(officer, now=now + timedelta(days=40))
    later.__dict__["jurisdiction"] = officer.jurisdiction
    assert {row.clock.colour for row in desk_rows(later)} == {"red"}
