"""`python -m bench.desk`: the first page and the search, of 10,000 open and 50,000 closed requests.

On PostgreSQL. The rows are written without the service, as it would take an hour: the trail has an event of
each request and nothing more. Prints wall and CPU seconds of this process, statements, and memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import event as hook
from sqlalchemy import insert
from starlette.requests import Request
from testbed.postgres import running

LETTERS = ("produced", "sent", "sent", "bounced", "unknown")
STATES = ("received", "acknowledged", "needs_person", "accepted", "ready")
ENDS = ("delivered", "refused", "withdrawn", "delivered", "merged")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--open", type=int, default=10_000)
    parser.add_argument("--closed", type=int, default=50_000)
    given = parser.parse_args()
    with running() as server, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        url = server.create().url
        os.environ |= {"AFSCHRIFT_HOME": folder, "AFSCHRIFT_REGISTER": url, "AFSCHRIFT_DEMO": "1"}
        from afschrift.app.settings import Settings
        from afschrift.register.open import initialise, open_register

        initialise(Settings.from_environment())
        register = open_register()
        with register.store.database.write() as tx:
            tx.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table, rows in _rows(register, given.open, given.closed):
                tx.execute(insert(table), rows)
        with register.store.database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT; ANALYZE")
        print(f"{given.open} open and {given.closed} closed requests.")
        _measure()


def _measure() -> None:
    from afschrift.app.roles_file import load_roles
    from afschrift.casework.desk.today import Filters, Viewer, search
    from afschrift.domain.event import NewEvent
    from afschrift.register.open import open_register
    from afschrift.web import today_page
    from afschrift.web.caller import Caller

    by = Caller("airflow:officer", load_roles(), "token")
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "root_path": "",
        "headers": [],
        "query_string": b"",
    }

    def page(filters: Filters = Filters()) -> Any:  # noqa: B008 (frozen)
        return today_page.today(Request(scope), by, filters)

    def find(text: str) -> Any:
        return search(by.officer(), Viewer(by.roles, by.account), text)

    before = _memory()
    first = _timed("first of the day", page)
    print(f"  {len(first.body) // 1000} kB, {_memory() - before} MB more at most")
    for _ in range(3):
        _timed("warm", page)
    open_register().trail.record("req-000000000007", NewEvent("request_viewed", "airflow:officer", {}))
    _timed("after an event", page)
    _timed("filtered", lambda: page(Filters(kind="question", state="needs_person")))
    for what, text in (
        ("id", "req-000000000009"),
        ("key", "C-12"),
        ("reference", "K-40"),
        ("nothing", "x@y.z"),
    ):
        find(text)
        print(f"  {len(_timed(f'search by {what}', partial(find, text)))} found")


def _timed(what: str, do: Callable[[], Any]) -> Any:
    from sqlalchemy import Engine

    statements = count()
    counted = lambda *_: next(statements)  # noqa: E731
    hook.listen(Engine, "before_cursor_execute", counted)
    wall, cpu = time.perf_counter(), time.process_time()
    done = do()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    hook.remove(Engine, "before_cursor_execute", counted)
    print(f"{what:<22} {wall * 1000:8.0f} ms  {cpu * 1000:8.0f} ms CPU  {next(statements):5} statements")
    return done


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def _rows(register: Any, opened: int, closed: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    for start in range(0, opened + closed, 2_000):
        made: dict[Any, list[dict[str, Any]]] = {}
        for number in range(start, min(start + 2_000, opened + closed)):
            for table, row in _of_request(register, number, number < opened):
                made.setdefault(table, []).append(row)
        yield from made.items()


def _of_request(register: Any, number: int, is_open: bool) -> Iterator[tuple[Any, dict[str, Any]]]:
    from afschrift.register.database import tables, trail_tables
    from afschrift.register.keys.crypto import blind_index

    id_, case, zone = f"req-{number:012}", f"case-{number:012}", "Europe/Amsterdam"
    days = number % 50 if is_open else 60 + number % 900
    received = datetime.now(UTC) - timedelta(days=days)
    at, later = (f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}" for moment in (received, received + timedelta(hours=1)))
    state = STATES[number % 5] if is_open else ENDS[number % 5]
    yield tables.case_file, {
        "id": case, "channel": "mail", "received_at": at, "arrived_at": at, "made_by": "self", "detail": {},
        "created_at": at,
    }  # fmt: skip
    yield tables.request, {
        "id": id_, "case_id": case, "right": "access", "received_at": at, "zone": zone, "state": state,
        "version": 1, "language": "nl", "formats": ["csv"], "destination": "outbox", "limits": None,
        "created_at": at, "changed_at": later,
    }  # fmt: skip
    key = register.store.keys.index_key(datetime.now(UTC).year)
    index = blind_index(key.key, "customer_id", f"C-{number}", casefold=False)
    yield tables.request_identity, {
        "id": number + 1, "request_id": id_, "kind": "customer_id", "ciphertext": b"", "blind_index": index,
        "key_id": key.id, "verified_by": None,
    }  # fmt: skip
    facts: list[tuple[str, dict[str, Any]]] = [
        ("notice_raised", {"level": "14", "due": str(received.date() + timedelta(days=30))}),
        ("assigned", {"to": f"officer {number % 20}"}),
        ("complained", {"from": "person"}),
        ("complaint_ended", {"outcome": "withdrawn"}),
    ]
    for n, (kind, detail) in enumerate(facts[: 4 if number % 40 == 0 else 2], start=1):
        about = f"fact-{number:09}003" if kind == "complaint_ended" else None
        proof = f"K-{number}" if kind == "complained" else None
        yield tables.fact, {
            "id": f"fact-{number:09}{n:03}", "request_id": id_, "number": n, "kind": kind, "at": later,
            "by": "cli:a", "day": at[:10], "about": about, "proof": proof, "detail": detail,
        }  # fmt: skip
    waits = is_open and state == "needs_person"
    for n, kind in enumerate(("identity", "manual"), start=1):
        yield tables.question, {
            "id": f"q-{number:011}{n}", "request_id": id_, "kind": kind, "role": ("officer", "keeper")[n - 1],
            "options": ["a"], "form": None, "detail": {"source": f"box {number % 7}"}, "about": None,
            "fingerprint": f"{number}-{n}", "asked_at": later,
            "answered_at": None if waits and n == 2 else later,
        }  # fmt: skip
    yield tables.decision, {
        "id": number + 1, "request_id": id_, "question_id": f"q-{number:011}1", "kind": "identity",
        "choice": "confirmed", "by": "cli:a", "at": later, "about": None, "detail": {}, "message_id": None,
    }  # fmt: skip
    for n, kind in enumerate(("acknowledgement", "delivery" if state == "delivered" else "merged"), start=1):
        if n == 1 or not is_open:
            yield tables.letter, {
                "id": f"let-{number:011}{n}", "request_id": id_, "kind": kind, "language": "nl",
                "state": LETTERS[number % 5] if is_open else "sent", "document_id": "m", "same_as": "x",
                "produced_at": later, "produced_by": "cli:a", "detail": {},
            }  # fmt: skip
    yield tables.run, {
        "request_id": id_, "run_id": f"{id_}.1", "started_at": later, "seen_at": later,
        "ended_at": None if is_open and number % 97 == 0 else later, "outcome": state,
    }  # fmt: skip
    seq = number + 1_000
    plain = {"payload_sha256": "0" * 64, "prev": "0" * 64, "actor": "airflow:intake", "at": at}
    yield trail_tables.event, {"seq": seq, "request": id_, "type": "request_received", **plain}
    yield trail_tables.event_payload, {"seq": seq, "payload": "{}", "salt": "", "erased_by": None}
    code = {"owner": case, "previous": 0, "told": None, "told_code": "", "key_id": "", "code": ""}
    yield trail_tables.event_code, {"seq": seq, **code}


if __name__ == "__main__":
    main()
