"""An independent reader of the register: derives from the trail what the tables must hold, and compares.

It shares no code with the register's own code (`register_rows` reads with plain SQL). What the trail and the tables do not
agree on comes back as sentences, without values:

- the chain is whole, and every payload is the one that its header names;
- every request, its state, version and options follow from its events, and the other way round;
- every case, question, decision, delivery, text and document is in the trail once, and vice versa;
- a document is as long as the trail says, and a run goes or has ended as its last event says;
- every fact besides the state is in the trail once, and vice versa;
- a data key is missing where the trail says that it was destroyed, and nowhere else;
- a payload is missing where the trail says that it was erased, and nowhere else; with the last request of a
  case that was forgotten go those of the case.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from testbed.register_rows import RegisterRows, sha256

_SEALED_BYTES = 29
"""A sealed piece has a byte for its format, a nonce of 12 and a tag of 16."""


def faults(url: str, *, step_event: str | None = None) -> list[str]:
    """Everything on which trail and tables do not agree; empty where the register is whole.

    Args:
        url: address as for SQLAlchemy.
        step_event: type of an event with `step`, `part` and `inputs` that every finished step was given;
            None: steps are not compared.
    """
    register = RegisterRows(url)
    looks = (_chain, _requests, _cases, _questions, _decisions, _deliveries, _texts, _runs)
    looks_at_facts = (_facts, _case_facts, _keys, _erased)
    found = [line for look in (*looks, *looks_at_facts) for line in look(register)]
    return found if step_event is None else [*found, *_steps(register, step_event)]


def _json(value: Any) -> Any:
    """SQLite gives JSON columns as text, PostgreSQL's driver as objects."""
    return json.loads(value) if isinstance(value, str) else value


def _chain(register: RegisterRows) -> Iterator[str]:
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
        prev = sha256(event.header)
    for row in register.rows["lone_payload"]:
        yield f"payload {row['seq']} has no event"


def _requests(register: RegisterRows) -> Iterator[str]:
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


def _derived(register: RegisterRows) -> dict[str | None, dict[str, Any]]:
    """What the events say of each request."""
    requests: dict[str | None, dict[str, Any]] = defaultdict(dict)
    for event, payload in register.recorded("request_received", "state_changed", "options_changed"):
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


def _cases(register: RegisterRows) -> Iterator[str]:
    silent = register.silent_cases
    opened = [payload for _, payload in register.recorded("case_opened") if payload["case"] not in silent]
    cases = (row["id"] for row in register.rows["case_file"] if row["id"] not in silent)
    yield from _once("case", cases, (o["case"] for o in opened))
    texts = [row for row in register.rows["text"] if row["case_id"] not in silent]
    kept = [(row["case_id"], row["hmac"]) for row in texts if row["kind"] == "request"]
    yield from _once("message of a case", kept, ((o["case"], o["text_hmac"]) for o in opened))


def _questions(register: RegisterRows) -> Iterator[str]:
    rows = [row for row in register.rows["question"] if row["request_id"] not in register.silent]
    names = ("kind", "role", "options", "detail", "about")
    kept = (_key(row["id"], row["request_id"], *(_json_column(row, name) for name in names)) for row in rows)
    in_trail = (
        _key(payload["question"], event.request, *(payload[name] for name in names))
        for event, payload in register.recorded("question_asked")
        if event.request not in register.silent
    )
    yield from _once("question", kept, in_trail)
    shown = ((row["request_id"], row["hmac"]) for row in register.rows["text"] if row["kind"] == "question")
    shown_by_events = (
        (event.request, payload["kept_hmac"])
        for event, payload in register.recorded("question_asked")
        if "kept_hmac" in payload and event.request not in register.silent
    )
    yield from _once(
        "what a question shows", (s for s in shown if s[0] not in register.silent), shown_by_events
    )
    answered = (row["id"] for row in register.rows["question"] if row["answered_at"] is not None)
    decided = [row["question_id"] for row in register.rows["decision"] if row["question_id"] is not None]
    decided += [payload["question"] for _, payload in register.recorded("question_overtaken")]
    yield from _once("answered question", answered, decided)


def _decisions(register: RegisterRows) -> Iterator[str]:
    names = ("kind", "choice", "about", "detail", "text_hmac")
    kept = (
        _key(row["request_id"], row["by"], row["question_id"], *(_json_column(row, name) for name in names))
        for row in register.rows["decision"]
        if row["request_id"] not in register.silent
    )
    in_trail = (
        _key(event.request, event.actor, payload["question"], *(payload[name] for name in names))
        for event, payload in register.recorded("decision_taken")
        if event.request not in register.silent
    )
    yield from _once("decision", kept, in_trail)
    for row in register.rows["decision"]:
        if row["question_id"] is not None and row["at"] != row["answered_at"]:
            yield f"question {row['question_id']} was answered at another time than its decision was taken"
    for row in register.rows["text"]:
        if row["kind"] == "decision" and row["decision"] is None:
            yield f"text {row['id']} belongs to no decision"


def _deliveries(register: RegisterRows) -> Iterator[str]:
    rows = [row for row in register.rows["delivery"] if row["request_id"] not in register.silent]
    of_begun = ("kind", "destination", "sha256", "encryption")
    of_arrived = ("kind", "destination", "uri", "bytes", "sha256")
    for type_, instant, names in (
        ("delivery_begun", "begun_at", of_begun),
        ("bundle_delivered", "delivered_at", of_arrived),
    ):
        kept = (_key(row["request_id"], *(row[name] for name in names)) for row in rows if row[instant])
        in_trail = (
            _key(event.request, *(payload[name] for name in names))
            for event, payload in register.recorded(type_)
            if event.request not in register.silent
        )
        yield from _once("delivery", kept, in_trail)


def _texts(register: RegisterRows) -> Iterator[str]:
    """Texts and documents that were added to the case file; each is there once, complete."""
    sizes: Counter[str] = Counter()
    for row in register.rows["part"]:
        sizes[row["message_id"]] += row["sealed"] - _SEALED_BYTES
    kept = (
        _key(*(row[name] for name in ("case_id", "request_id", "id", "kind", "hmac")), size)
        for row in register.rows["text"]
        if row["kind"] not in ("request", "decision", "question")
        and row["request_id"] not in register.silent
        and row["case_id"] not in register.silent_cases
        for size in [row["sealed"] - _SEALED_BYTES + sizes[row["id"]]]
    )
    in_trail = (
        _key(payload["case"], event.request, *(payload[name] for name in ("id", "kind", "hmac", "size")))
        for event, payload in register.recorded("case_text_added")
        if event.request not in register.silent and payload["case"] not in register.silent_cases
    )
    yield from _once("text or document", kept, in_trail)


def _runs(register: RegisterRows) -> Iterator[str]:
    """Runs with their outcome; one that goes has none."""
    last = {
        (event.request, payload["run"]): payload.get("outcome")
        for event, payload in register.recorded("run_started", "run_ended")
        if event.request not in register.silent
    }
    rows = [row for row in register.rows["run"] if row["request_id"] not in register.silent]
    kept = ((row["request_id"], row["run_id"], row["outcome"]) for row in rows)
    yield from _once("run", kept, ((*run, outcome) for run, outcome in last.items()))


def _facts(register: RegisterRows) -> Iterator[str]:
    names = ("id", "number", "kind", "at", "day", "instant", "about", "letter", "channel", "proof", "other")
    names += ("text", "detail")
    kept = (
        _key(row["request_id"], row["by"], *(_json_column(row, name) for name in names))
        for row in register.rows["fact"]
        if row["request_id"] not in register.silent
    )
    in_trail = (
        _key(event.request, event.actor, *(payload["fact"].get(name) for name in names))
        for event, payload in register.recorded(
            *{e.type for e in register.trail if e.type.startswith("fact_")}
        )
        if event.request not in register.silent
    )
    yield from _once("fact", kept, in_trail)


def _case_facts(register: RegisterRows) -> Iterator[str]:
    names = ("id", "case_id", "number", "kind", "at", "about", "detail")
    kept = (
        _key(row["by"], *(_json_column(row, name) for name in names))
        for row in register.rows["case_fact"]
        if row["case_id"] not in register.silent_cases
    )
    in_trail = (
        _key(event.actor, *(payload["fact"].get(name) for name in names))
        for event, payload in register.recorded(
            *{e.type for e in register.trail if e.type.startswith("case_fact_")}
        )
        if payload["case"] not in register.silent_cases
    )
    yield from _once("fact of a case", kept, in_trail)


def _steps(register: RegisterRows, step_event: str) -> Iterator[str]:
    rows = [row for row in register.rows["step"] if row["request_id"] not in register.silent]
    kept = ((row["request_id"], row["name"], row["part"], row["inputs"]) for row in rows)
    in_trail = (
        (event.request, payload["step"], payload["part"], payload["inputs"])
        for event, payload in register.recorded(step_event)
        if event.request not in register.silent
    )
    yield from _once("step", kept, in_trail)


def _keys(register: RegisterRows) -> Iterator[str]:
    owners = [row["id"] for table in ("request", "case_file") for row in register.rows[table]]
    there = {row["owner"] for row in register.rows["data_key"]}
    # Headers count: which request's key was destroyed is recorded even where the payload is erased.
    # What a back-up brought back is destroyed again.
    gone = {event.request for event in register.trail if event.type == "data_key_destroyed"}
    gone |= register.silent_cases
    yield from _once("destroyed key", (owner for owner in owners if owner not in there), gone)


def _erased(register: RegisterRows) -> Iterator[str]:
    in_trail: Counter[str | None] = Counter()
    for _, payload in register.recorded("payloads_erased"):
        in_trail[payload["erasure"]["request"]] += payload["erasure"]["count"]
    found = Counter(event.request for event in register.trail if event.payload is None)
    for request in found.keys() | in_trail.keys():
        if found[request] != in_trail[request]:
            yield f"{found[request]} payloads of {request} are erased, and the trail has {in_trail[request]}"
    for event in register.trail:
        if (event.payload is None) != (event.erased_by is not None):
            yield f"the payload of event {event.header['seq']} is missing, and no rule erased it"


def _json_column(row: dict[str, Any], name: str) -> Any:
    return _json(row[name]) if name in ("options", "detail") else row[name]


def _key(*parts: Any) -> str:
    """Parts of a row as one comparable text."""
    return json.dumps(parts, sort_keys=True)


def _once(what: str, kept: Iterable[Any], in_trail: Iterable[Any]) -> Iterator[str]:
    """Each stored row is in the trail once, and vice versa. Keys may hold more than an id, so they are not shown."""
    rows, of_trail = Counter(kept), Counter(in_trail)
    if missing := rows - of_trail:
        yield f"the register has {missing.total()} x {what} that the trail does not have"
    if extra := of_trail - rows:
        yield f"the trail has {extra.total()} x {what} that the register does not have"
