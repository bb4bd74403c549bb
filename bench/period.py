"""`python -m bench.period`: a report on a year of 50,000 requests with 1.5 million events, on SQLite.

The rows and their codes are written without the service, as it would take an hour. Each request has its rows,
attested by its first event, and looks at it. Prints JSON: CPU seconds of the figures alone, of the comparison
with the trail, and the highest memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert

from afschrift.domain.event import Header, payload_digest

AT_ONCE = 2_000
ENDS = ("delivered", "delivered", "delivered", "refused", "withdrawn", "accepted")
YEAR = "2025"
_PAYLOAD, _SALT = '{"role":"officer"}', "0" * 32
_PAYLOAD_DIGEST = payload_digest(json.loads(_PAYLOAD), _SALT)


def main() -> None:
    """Fill a register below a folder, then report on it in another process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=30, help="a request")
    parser.add_argument("--home", help="of a register that was filled before")
    given = parser.parse_args()
    if given.home:
        os.environ |= {"AFSCHRIFT_HOME": given.home, "AFSCHRIFT_DEMO": "1"}
        _report()
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ |= {"AFSCHRIFT_HOME": folder, "AFSCHRIFT_DEMO": "1"}
        _fill(given.requests, given.events)
        done = subprocess.run(
            [sys.executable, "-m", "bench.period", "--home", folder],
            check=True,
            capture_output=True,
            text=True,
        )
        print(done.stdout, end="")


def _report() -> None:
    from unittest.mock import patch

    begun = time.process_time()
    from afschrift.app.roles_file import load_roles
    from afschrift.casework.officer import Officer
    from afschrift.register import periods
    from afschrift.register.open import open_register
    from afschrift.report.document import ReportPeriod, report

    used = [0.0]
    check = periods.Periods._doubts

    def timed(self: Any, *args: Any) -> Any:
        start = time.process_time()
        try:
            return check(self, *args)
        finally:
            used[0] += time.process_time() - start

    year = ReportPeriod(date(int(YEAR), 1, 1), date(int(YEAR), 12, 31))
    with patch.object(periods.Periods, "_doubts", timed):
        made = report(Officer(open_register(), load_roles(), "cli:bench"), year)
    seconds = time.process_time() - begun
    figures = {f["id"]: f["value"] for group in made["groups"] for f in group["figures"]}
    print(
        json.dumps(
            {
                "requests": figures["received"],
                "notes": len(made["notes"]),
                "seconds": round(seconds - used[0], 2),
                "compared": round(used[0], 2),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


def _fill(requests: int, events: int) -> None:
    from afschrift.app.settings import Settings
    from afschrift.register.open import initialise, open_register
    from afschrift.register.trail import trail

    initialise(Settings.from_environment())
    register = open_register()
    with register.store.database.read() as tx:
        seq, prev = trail.head(tx)
    maker = _Maker(register, seq, prev)
    engine = register.store.database.engine
    for start in range(0, requests, AT_ONCE):
        rows: dict[Any, list[dict[str, Any]]] = {}
        for number in range(start, min(start + AT_ONCE, requests)):
            for table, row in maker.request(number, events):
                rows.setdefault(table, []).append(row)
        with engine.begin() as tx:
            for table, of_table in rows.items():
                tx.execute(insert(table), of_table)
            for name, values in maker.events.items():
                places = ", ".join("?" * len(values[0]))
                tx.exec_driver_sql(f"INSERT INTO {name} VALUES ({places})", values)
                values.clear()


class _Maker:
    """Makes rows, events and codes as the service would."""

    def __init__(self, register: Any, seq: int, prev: str) -> None:
        from afschrift.register.trail.codes import codes

        key = register.store.keys.trail_key()
        self._codes, self._key_id, self._seq, self._prev = codes(key.key), key.id, seq, prev
        self._numbers = 0
        self.events: dict[str, list[Any]] = {"event": [], "event_payload": [], "event_code": []}

    def request(self, number: int, events: int) -> Iterator[tuple[Any, dict[str, Any]]]:
        from afschrift.register.database import tables
        from afschrift.register.database.written import ABSENT, RowPlace
        from afschrift.register.trail.attested_rows import attested_columns
        from afschrift.register.trail.event_codes import _text

        id_, case = f"req-{number:012}", f"case-{number:012}"
        received = date(int(YEAR), 1, 1) + timedelta(number % 300)
        at, state = f"{received}T09:00:00.000000Z", ENDS[number % len(ENDS)]
        attested = {}
        for table, values in _rows(number, id_, case, received, at, state):
            if table is tables.decision:
                self._numbers += 1
                values = {"id": self._numbers, **values}
            row = {**{column.name: None for column in table.c}, **values}
            yield table, row
            name = str(row["id"])
            of = {} if table is tables.case_file else {"request": id_}
            place = RowPlace(table.name, name, of.get("request"), case if not of else None)
            attested[place] = {n: (ABSENT, row[n]) for n in attested_columns(table)}
        attests, previous = _text(self._codes, attested), 0
        for n in range(events):
            kind = "request_received" if n == 0 else "request_viewed"
            self._event(id_, case, at, kind, attests if n == 0 else "[]", previous)
            previous = self._seq

    def _event(self, request: str, case: str, at: str, kind: str, attests: str, previous: int) -> None:
        """Append the columns of an event, in the order of its tables."""
        self._seq += 1
        header = Header(self._seq, at, request, kind, "cli:a", _PAYLOAD_DIGEST, self._prev)
        self._prev = header.digest()
        self.events["event"].append((*vars(header).values(),))
        self.events["event_payload"].append((self._seq, _PAYLOAD, _SALT, None, None))
        attested_code = self._codes.of_attestation(attests, _SALT)
        code = self._codes.of_event(self._seq, case, previous, self._prev, attested_code)
        self.events["event_code"].append(
            (self._seq, case, previous, attests, attested_code, self._key_id, code)
        )


def _rows(
    number: int, id_: str, case: str, received: date, at: str, state: str
) -> Iterator[tuple[Any, dict[str, Any]]]:
    from afschrift.register.database import tables

    later = f"{received + timedelta(20 + number % 20)}T10:00:00.000000Z"
    yield tables.case_file, {
        "id": case, "channel": ("mail", "portal")[number % 2], "received_at": at, "arrived_at": at,
        "made_by": "self", "detail": {}, "created_at": at,
    }  # fmt: skip
    yield tables.request, {
        "id": id_, "case_id": case, "right": ("access", "portability")[number % 2], "received_at": at,
        "zone": "Europe/Amsterdam", "state": state, "version": 1, "language": "nl", "formats": ["csv"],
        "destination": "outbox", "created_at": at, "changed_at": later,
    }  # fmt: skip
    yield tables.decision, {
        "request_id": id_, "kind": "identity", "choice": "confirmed", "by": "cli:a", "at": at,
        "detail": {"method": "eid"},
    }  # fmt: skip
    answer: list[tuple[str, dict[str, Any]]] = []
    if state == "delivered":
        answer = [("answer_ready", {"state": "ready"}), ("handed_over", {})]
    if state == "refused":
        answer = [("decided", {"outcome": "refuse", "ground": "manifestly_excessive"}), ("letter_sent", {})]
    if number % 20 == 0:
        answer = [("extended", {"reasons": ["rights_of_others"]}), ("letter_sent", {}), *answer]
    for n, (kind, detail) in enumerate(answer, start=1):
        about = f"fact-{number:09}{n - 1:03}" if kind in ("handed_over", "letter_sent") else None
        yield tables.fact, {
            "id": f"fact-{number:09}{n:03}", "request_id": id_, "number": n, "kind": kind, "at": later,
            "by": "cli:a", "day": later[:10] if about else None, "about": about, "detail": detail,
        }  # fmt: skip
    yield tables.question, {
        "id": f"q-{number:012}", "request_id": id_, "kind": "identity", "role": "officer", "options": ["a"],
        "detail": {}, "fingerprint": "0" * 64, "asked_at": at, "answered_at": at,
    }  # fmt: skip


if __name__ == "__main__":
    main()
