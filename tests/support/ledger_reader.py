"""An independent reader of the register: derives from the trail what the tables must hold, and compares.

It shares no code with the ledger: plain SQL on the database's own driver, RFC 8785 by its library. What the
trail and the tables do not agree on comes back as sentences, without values:

- the chain is whole, and every payload is the one that its header names;
- every request, its state, version and options follow from its events, and the other way round;
- every case, question, decision, delivery and text of a decision stands in the trail once, and vice versa;
- a data key is missing where the trail says that it was destroyed, and nowhere else;
- a payload is missing where the trail says that it was erased, and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
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
    "text": "SELECT m.id, m.case_id, m.request_id, m.kind, m.hmac, d.id AS decision FROM message m "
    "LEFT JOIN decision d ON d.message_id = m.id WHERE m.kind IN ('request', 'decision')",
    "question": "SELECT * FROM question",
    "decision": "SELECT d.*, m.hmac AS text_hmac, q.answered_at FROM decision d "
    "LEFT JOIN message m ON m.id = d.message_id LEFT JOIN question q ON q.id = d.question_id",
    "delivery": "SELECT * FROM delivery",
    "step": "SELECT * FROM step",
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
        return _sha256({"payload": self.payload, "salt": self.salt})

    @property
    def type(self) -> str:
        return str(self.header["type"])

    @property
    def request(self) -> str | None:
        return self.header["request"]

    @property
    def actor(self) -> str:
        return str(self.header["actor"])


class Register:
    """All that is compared, read at one moment."""

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

    def told(self, *types: str) -> Iterator[tuple[Event, dict[str, Any]]]:
        """Events of these types whose payload is not erased."""
        for event in self.trail:
            if event.type in types and event.payload is not None:
                yield event, event.payload

    @property
    def silent(self) -> set[str | None]:
        """Requests with erased payloads: their rows cannot be compared field by field any more."""
        return {event.request for event in self.trail if event.payload is None}


def events(url: str) -> list[Event]:
    """The trail as it stands."""
    return Register(url).trail


def faults(url: str, *, step_event: str | None = None) -> list[str]:
    """Everything on which trail and tables do not agree; empty where the register is whole.

    Args:
        url: address as for SQLAlchemy.
        step_event: type of an event with `step`, `part` and `inputs` that every finished step was given;
            None: steps are not compared.
    """
    register = Register(url)
    found = [
        *_chain(register),
        *_requests(register),
        *_cases(register),
        *_questions(register),
        *_decisions(register),
        *_deliveries(register),
        *_keys(register),
        *_erased(register),
    ]
    return found if step_event is None else [*found, *_steps(register, step_event)]


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


def _json(value: Any) -> Any:
    """SQLite gives JSON columns as text, PostgreSQL's driver as objects."""
    return json.loads(value) if isinstance(value, str) else value


def _sha256(value: Any) -> str:
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def _chain(register: Register) -> Iterator[str]:
    prev = "0" * 64
    for expected, (event, row) in enumerate(zip(register.trail, register.rows["event"], strict=True), 1):
        seq = event.header["seq"]
        if seq != expected:
            yield f"the trail has event {seq} where {expected} should be"
            return
        if event.header["prev"] != prev:
            yield f"event {seq} does not follow event {seq - 1}"
        if row["payload_seq"] is None:
            yield f"event {seq} has no payload"
        elif event.payload is not None and event.payload_sha256 != event.header["payload_sha256"]:
            yield f"the payload of event {seq} is another one"
        prev = _sha256(event.header)
    for row in register.rows["lone_payload"]:
        yield f"payload {row['seq']} has no event"


def _requests(register: Register) -> Iterator[str]:
    rows = {row["id"]: row for row in register.rows["request"]}
    received = Counter(event.request for event in register.trail if event.type == "request_received")
    yield from _once("request", list(rows), received.elements())
    moves = Counter(event.request for event in register.trail if event.type == "state_changed")
    for id_, row in rows.items():
        if row["version"] != 1 + moves[id_]:
            yield f"request {id_} has version {row['version']} after {moves[id_]} moves"
    for id_, derived in _derived(register).items():
        if id_ in rows and id_ not in register.silent:
            row = {**rows[id_], "formats": _json(rows[id_]["formats"])}
            for name, value in derived.items():
                if row[name] != value:
                    yield f"request {id_} has another {name} than its events say"


def _derived(register: Register) -> dict[str | None, dict[str, Any]]:
    """What the events say of each request."""
    requests: dict[str | None, dict[str, Any]] = defaultdict(dict)
    for event, payload in register.told("request_received", "state_changed", "options_changed"):
        request = requests[event.request]
        if event.type == "request_received":
            names = ("right", "received_at", "zone", "language", "formats", "destination")
            request.update({name: payload[name] for name in names})
            request.update({"case_id": payload["case"], "state": "received", "version": 1})
        elif event.type == "options_changed":
            request.update(payload["changed"])
        elif payload["from"] == request.get("state") and payload["version"] == request["version"] + 1:
            request.update({"state": payload["to"], "version": payload["version"]})
        else:
            request["state"] = f"broken at event {event.header['seq']}"
    return requests


def _cases(register: Register) -> Iterator[str]:
    opened = [payload for _, payload in register.told("case_opened")]
    yield from _once("case", (row["id"] for row in register.rows["case_file"]), (o["case"] for o in opened))
    kept = [(row["case_id"], row["hmac"]) for row in register.rows["text"] if row["kind"] == "request"]
    yield from _once("message of a case", kept, ((o["case"], o["text_hmac"]) for o in opened))


def _questions(register: Register) -> Iterator[str]:
    rows = [row for row in register.rows["question"] if row["request_id"] not in register.silent]
    names = ("kind", "role", "options", "detail", "about")
    kept = (_key(row["id"], row["request_id"], *(_json_column(row, name) for name in names)) for row in rows)
    told = (
        _key(payload["question"], event.request, *(payload[name] for name in names))
        for event, payload in register.told("question_asked")
        if event.request not in register.silent
    )
    yield from _once("question", kept, told)
    answered = (row["id"] for row in register.rows["question"] if row["answered_at"] is not None)
    decided = (row["question_id"] for row in register.rows["decision"] if row["question_id"] is not None)
    yield from _once("answered question", answered, decided)


def _decisions(register: Register) -> Iterator[str]:
    names = ("kind", "choice", "about", "detail", "text_hmac")
    kept = (
        _key(row["request_id"], row["by"], row["question_id"], *(_json_column(row, name) for name in names))
        for row in register.rows["decision"]
        if row["request_id"] not in register.silent
    )
    told = (
        _key(event.request, event.actor, payload["question"], *(payload[name] for name in names))
        for event, payload in register.told("decision_taken")
        if event.request not in register.silent
    )
    yield from _once("decision", kept, told)
    for row in register.rows["decision"]:
        if row["question_id"] is not None and row["at"] != row["answered_at"]:
            yield f"question {row['question_id']} was answered at another time than its decision was taken"
    for row in register.rows["text"]:
        if row["kind"] == "decision" and row["decision"] is None:
            yield f"text {row['id']} belongs to no decision"


def _deliveries(register: Register) -> Iterator[str]:
    names = ("kind", "destination", "uri", "bytes", "sha256")
    rows = [row for row in register.rows["delivery"] if row["request_id"] not in register.silent]
    kept = (_key(row["request_id"], *(row[name] for name in names)) for row in rows)
    told = (
        _key(event.request, *(payload[name] for name in names))
        for event, payload in register.told("bundle_delivered")
        if event.request not in register.silent
    )
    yield from _once("delivery", kept, told)


def _steps(register: Register, step_event: str) -> Iterator[str]:
    rows = [row for row in register.rows["step"] if row["request_id"] not in register.silent]
    kept = ((row["request_id"], row["name"], row["part"], row["inputs"]) for row in rows)
    told = (
        (event.request, payload["step"], payload["part"], payload["inputs"])
        for event, payload in register.told(step_event)
        if event.request not in register.silent
    )
    yield from _once("step", kept, told)


def _keys(register: Register) -> Iterator[str]:
    owners = [row["id"] for table in ("request", "case_file") for row in register.rows[table]]
    there = {row["owner"] for row in register.rows["data_key"]}
    # Headers count: which request's key was destroyed is told even where the payload is erased.
    gone = [event.request for event in register.trail if event.type == "data_key_destroyed"]
    cases = defaultdict(set)
    for row in register.rows["request"]:
        cases[row["case_id"]].add(row["id"])
    gone += [case for case, requests in cases.items() if requests <= set(gone)]
    yield from _once("destroyed key", (owner for owner in owners if owner not in there), gone)


def _erased(register: Register) -> Iterator[str]:
    told: Counter[str | None] = Counter()
    for _, payload in register.told("payloads_erased"):
        told[payload["request"]] += payload["count"]
    found = Counter(event.request for event in register.trail if event.payload is None)
    for request in found.keys() | told.keys():
        if found[request] != told[request]:
            yield f"{found[request]} payloads of {request} are erased, and the trail tells of {told[request]}"
    for event in register.trail:
        if (event.payload is None) != (event.erased_by is not None):
            yield f"the payload of event {event.header['seq']} is missing, and no rule erased it"


def _json_column(row: dict[str, Any], name: str) -> Any:
    return _json(row[name]) if name in ("options", "detail") else row[name]


def _key(*parts: Any) -> str:
    """Parts of a row as one comparable text."""
    return json.dumps(parts, sort_keys=True)


def _once(what: str, kept: Iterable[Any], told: Iterable[Any]) -> Iterator[str]:
    """Whatever is kept is told once, and the other way round. Keys may hold more than an id: not shown."""
    rows, said = Counter(kept), Counter(told)
    if missing := rows - said:
        yield f"the register has {missing.total()} x {what} that the trail does not tell of"
    if extra := said - rows:
        yield f"the trail tells of {extra.total()} x {what} that the register does not have"
