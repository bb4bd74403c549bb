"""`python -m bench.request_page`: the page of a request with 500 events, on SQLite and PostgreSQL.

Prints milliseconds and CPU milliseconds from the address to the HTML, medians of twenty after one, and how
many statements it takes.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, event
from starlette.requests import Request
from testbed.postgres import running
from testbed.small import write_inventory

from afschrift.app.settings import Settings
from afschrift.domain.event import NewEvent
from afschrift.domain.keys import Key
from afschrift.domain.language import serve_in
from afschrift.domain.right import Right
from afschrift.law.roles import Person, Role, Roles
from afschrift.register.open import initialise, open_register

EVENTS, PAGES = 500, 20
ANNA = "airflow:anna"
ROLES = Roles((Person("Anna", frozenset({ANNA}), frozenset({Role.OFFICER})),))
AT = "2026-11-02T09:30:00+01:00"


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, running() as server:
        write_inventory(Path(folder) / "inventory")
        for kind, url in (("sqlite", f"sqlite:///{folder}/register.db"), ("postgresql", server.create().url)):
            home = Path(folder) / kind
            os.environ |= {
                "AFSCHRIFT_HOME": str(home),
                "AFSCHRIFT_REGISTER": url,
                "AFSCHRIFT_INVENTORY": f"{folder}/inventory",
            }
            initialise(Settings.from_environment())
            request = _store()
            wall, cpu, statements = zip(*_pages(request), strict=True)
            middle = f"{statistics.median(wall[1:]):.0f} ms, {statistics.median(cpu[1:]):.0f} ms CPU"
            print(f"{kind}: {EVENTS} events, {middle}, {statements[-1]} statements")


def _store() -> str:
    """A request with steps of runs, looks and questions, as many events as are measured."""
    register = open_register()
    case = register.cases.open(b"What do you have about me?", "mail", AT, AT)
    keys = (Key("customer_id", "1"),)
    made = register.requests.open(
        case, Right.ACCESS, AT, "Europe/Amsterdam", "nl", ("csv",), "outbox", keys, ()
    )
    for number in range(EVENTS - PAGES - len(register.trail.events(made.id))):
        match number % 5:
            case 0:
                register.steps.finish(made.id, "extract", f"{number:064}", {"rows": number})
            case 1:
                asked = {
                    "question": f"q-{number:012}",
                    "kind": "review",
                    "role": "officer",
                    "options": ["send"],
                }
                register.trail.record(made.id, NewEvent("question_asked", payload=asked))
            case _:
                register.trail.record(made.id, NewEvent("request_viewed", ANNA, {"role": "officer"}))
    return made.id


def _pages(request: str) -> Iterator[tuple[float, float, int]]:
    """Milliseconds, CPU milliseconds and statements of each page."""
    from afschrift.app.catalogs import load_language
    from afschrift.web.caller import Caller
    from afschrift.web.request_page import show

    statements: list[str] = []
    event.listen(Engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    path = f"/afschrift/requests/{request}"
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "/afschrift", "headers": []}
    for _ in range(PAGES + 1):
        statements.clear()
        began, used = time.perf_counter(), time.process_time()
        serve_in(load_language("nl"))
        page = show(
            Request({**scope, "query_string": b"", "server": ("host", 80)}), request, Caller(ANNA, ROLES, "x")
        )
        assert page.status_code == 200
        yield (time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000, len(statements)


if __name__ == "__main__":
    main()
