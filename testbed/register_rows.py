"""All rows of a register, read in one snapshot without the register's own code: plain SQL on the database's own driver."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg
import rfc8785
from psycopg.rows import dict_row
from sqlalchemy.engine import make_url

Rows = list[dict[str, Any]]

_SELECTS = {
    "event": "SELECT h.*, p.seq AS payload_seq, p.payload, p.salt, p.erased_by FROM event h "
    "LEFT JOIN event_payload p ON p.seq = h.seq ORDER BY h.seq",
    "lone_payload": "SELECT p.seq FROM event_payload p LEFT JOIN event h ON h.seq = p.seq WHERE h.seq IS NULL",
    "case_file": "SELECT * FROM case_file",
    "request": "SELECT * FROM request",
    "data_key": "SELECT owner FROM data_key",
    "text": "SELECT m.id, m.case_id, m.request_id, m.kind, m.hmac, d.id AS decision, "
    "LENGTH(m.ciphertext) AS sealed FROM message m LEFT JOIN decision d ON d.message_id = m.id",
    "part": "SELECT message_id, LENGTH(ciphertext) AS sealed FROM message_part",
    "run": "SELECT * FROM run",
    "question": "SELECT * FROM question",
    "decision": "SELECT d.*, m.hmac AS text_hmac, q.answered_at FROM decision d "
    "LEFT JOIN message m ON m.id = d.message_id LEFT JOIN question q ON q.id = d.question_id",
    "delivery": "SELECT * FROM delivery",
    "step": "SELECT * FROM step",
    "fact": "SELECT * FROM fact",
    "case_fact": "SELECT * FROM case_fact",
}
_HEADER = ("seq", "at", "request", "type", "actor", "payload_sha256", "prev")


@dataclass(frozen=True)
class Event:
    """A header with its payload; None: erased."""

    header: dict[str, Any]
    payload: dict[str, Any] | None
    salt: str | None
    erased_by: str | None

    @property
    def payload_sha256(self) -> str:
        return sha256({"payload": self.payload, "salt": self.salt})

    @property
    def type(self) -> str:
        return str(self.header["type"])

    @property
    def request(self) -> str | None:
        return self.header["request"]

    @property
    def actor(self) -> str:
        return str(self.header["actor"])


class RegisterRows:
    """All that is compared, read in one snapshot."""

    def __init__(self, url: str) -> None:
        self.rows = _read(url)
        self.trail = [
            Event(
                {name: row[name] for name in _HEADER},
                None if row["payload"] is None else json.loads(row["payload"]),
                row["salt"],
                row["erased_by"],
            )
            for row in self.rows["event"]
        ]

    def recorded(self, *types: str) -> Iterator[tuple[Event, dict[str, Any]]]:
        """Events of these types whose payload is not erased."""
        for event in self.trail:
            if event.type in types and event.payload is not None:
                yield event, event.payload

    @cached_property
    def silent(self) -> set[str | None]:
        """Requests with erased payloads: their rows cannot be compared field by field any more."""
        return {event.request for event in self.trail if event.payload is None and event.request is not None}

    @cached_property
    def silent_cases(self) -> set[str]:
        """Cases whose requests were all forgotten, and with the last one the notices of the case itself."""
        requests = defaultdict(set)
        for row in self.rows["request"]:
            requests[row["case_id"]].add(row["id"])
        gone = {event.request for event in self.trail if event.type == "data_key_destroyed"}
        return {case for case, of_case in requests.items() if of_case <= gone}


def _read(url: str) -> dict[str, Rows]:
    address = make_url(url)
    if address.drivername.startswith("sqlite"):
        with closing(sqlite3.connect(str(address.database), isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN")
            return {name: [dict(row) for row in db.execute(select)] for name, select in _SELECTS.items()}
    libpq = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(libpq, row_factory=dict_row) as db:
        db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return {name: db.execute(select).fetchall() for name, select in _SELECTS.items()}  # type: ignore[arg-type]


def sha256(value: Any) -> str:
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()
