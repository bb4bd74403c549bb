from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.event import GENESIS, Header, NewEvent, canonical, check_chain, payload_digest
from afschrift.domain.request import Request
from afschrift.register import schema
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

EVENTS = 12


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Register:
    """Twelve events in an SQLite register without its triggers."""
    folder = tmp_path_factory.mktemp("trail")
    address = f"sqlite:///{folder}/register.db"
    schema.upgrade(address)
    register = Register(address, KeyStore.create(folder / "keys.json"))
    for n in range(EVENTS):
        register.trail.record(None, NewEvent("counted", f"actor{n % 3}", {"n": n, "text": "é\u0000"}))
    with sqlite3.connect(folder / "register.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return register


def tampered(trail: Register, folder: Path, *statements: tuple[str, tuple[object, ...]]) -> Register:
    original = Path(str(trail.store.database.url.database))
    copy = folder / "copy.db"
    for old in folder.glob("copy.db*"):
        old.unlink()
    shutil.copy(original, copy)
    with sqlite3.connect(copy) as database:
        database.execute("PRAGMA synchronous = OFF")  # thousands of copies: none outlives its test
        for statement, values in statements:
            database.execute(statement, values)
    database.close()
    return Register(f"sqlite:///{copy}", trail.store.keys)


seqs = st.integers(1, EVENTS)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5)
hexes = st.text("0123456789abcdef", min_size=64, max_size=64)


def test_the_whole_trail_verifies_with_every_head_it_ever_had(trail: Register) -> None:
    heads = [(header.seq, header.digest()) for header, _ in trail.trail.events()]
    assert len(heads) == EVENTS
    assert trail.trail.verify([(0, "0" * 64), *heads]) == []
    assert trail.trail.head() == heads[-1]
    assert check_chain([header for header, _ in trail.trail.events()]) is None


@given(
    seq=seqs, column=st.sampled_from(["at", "request", "type", "actor", "payload_sha256", "prev"]), new=texts
)
def test_a_changed_header_is_found(trail: Register, tmp_path: Path, seq: int, column: str, new: str) -> None:
    change = (f"UPDATE event SET {column} = ? WHERE seq = ?", (new, seq))
    findings = tampered(trail, tmp_path, change).trail.verify([trail.trail.head()])
    assert findings
    assert min(f.seq for f in findings) in (seq, seq + 1)


@given(first=seqs, count=st.integers(1, EVENTS), witness=st.booleans())
def test_deleted_events_are_found_and_a_cut_end_by_a_witness(
    trail: Register, tmp_path: Path, first: int, count: int, witness: bool
) -> None:
    gone = (first, first + count - 1)
    register = tampered(
        trail,
        tmp_path,
        ("DELETE FROM event_payload WHERE seq BETWEEN ? AND ?", gone),
        ("DELETE FROM event WHERE seq BETWEEN ? AND ?", gone),
    )
    cut_end = first + count > EVENTS
    findings = register.trail.verify([trail.trail.head()] if witness else [])
    assert bool(findings) is (witness or not cut_end)
    if not cut_end:
        assert findings[0].code == "gap"
    elif witness:
        assert [(f.code, f.seq) for f in findings] == [("head_missing", EVENTS)]


@given(seq=st.integers(0, EVENTS - 1), payload=st.dictionaries(texts, texts, max_size=3))
def test_an_inserted_event_is_found(
    trail: Register, tmp_path: Path, seq: int, payload: dict[str, str]
) -> None:
    """The intruder knows the format: salt, digest and link of the new event are right."""
    prev = trail.trail.events()[seq - 1][0].digest() if seq else GENESIS
    new = Header(seq + 1, "2026-01-01T00:00:00.000000Z", None, "forged", "x", "", prev)
    fields = {**vars(new), "payload_sha256": payload_digest(payload, "00")}
    register = tampered(
        trail,
        tmp_path,
        ("UPDATE event_payload SET seq = -seq - 1 WHERE seq > ?", (seq,)),
        ("UPDATE event_payload SET seq = -seq WHERE seq < 0", ()),
        ("UPDATE event SET seq = -seq - 1 WHERE seq > ?", (seq,)),
        ("UPDATE event SET seq = -seq WHERE seq < 0", ()),
        ("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", tuple(fields.values())),
        (
            "INSERT INTO event_payload (seq, payload, salt) VALUES (?, ?, ?)",
            (seq + 1, canonical(payload).decode(), "00"),
        ),
    )
    assert register.trail.verify([trail.trail.head()])


@given(pair=st.tuples(seqs, seqs).filter(lambda p: p[0] != p[1]))
def test_reordered_events_are_found(trail: Register, tmp_path: Path, pair: tuple[int, int]) -> None:
    a, b = pair
    swaps = [
        (f"UPDATE {table} SET seq = ? WHERE seq = ?", values)
        for table in ("event", "event_payload")
        for values in ((-1, a), (a, b), (b, -1))
    ]
    assert tampered(trail, tmp_path, *swaps).trail.verify([trail.trail.head()])


@given(pair=st.tuples(seqs, seqs).filter(lambda p: p[0] != p[1]), salt_too=st.booleans())
def test_swapped_payloads_are_found(
    trail: Register, tmp_path: Path, pair: tuple[int, int], salt_too: bool
) -> None:
    a, b = pair
    columns = "payload, salt" if salt_too else "payload"
    other = f"SELECT {columns} FROM event_payload WHERE seq = ?"
    take = f"UPDATE event_payload SET ({columns}) = ({other}) WHERE seq = ?"
    findings = tampered(trail, tmp_path, (take, (a, b))).trail.verify()
    assert [(f.code, f.seq) for f in findings] == [("payload_altered", b)]


@given(seq=seqs, payload=st.one_of(texts, st.just("{}"), st.just('{"n":1e400}'), st.just("[1]")))
def test_an_altered_payload_is_found_even_if_it_is_no_json(
    trail: Register, tmp_path: Path, seq: int, payload: str
) -> None:
    change = ("UPDATE event_payload SET payload = ? WHERE seq = ?", (payload, seq))
    findings = tampered(trail, tmp_path, change).trail.verify()
    assert [(f.code, f.seq) for f in findings] == [("payload_altered", seq)]


def test_missing_payload_differs_from_an_erased_one(trail: Register, tmp_path: Path) -> None:
    register = tampered(
        trail,
        tmp_path,
        ("DELETE FROM event_payload WHERE seq = 3", ()),
        ("UPDATE event_payload SET payload = NULL, salt = NULL WHERE seq = 4", ()),
        ("UPDATE event_payload SET payload = NULL, salt = NULL, erased_by = 'r' WHERE seq = 5", ()),
        ("INSERT INTO event_payload (seq, payload, salt) VALUES (99, '{}', '00')", ()),
    )
    found = [(f.code, f.seq) for f in register.trail.verify()]
    assert found == [
        ("payload_missing", 3),
        ("payload_missing", 4),
        ("erasure_untold", 5),
        ("payload_without_event", 99),
    ]


def test_a_trail_rewritten_from_the_start_is_found_by_any_witness(trail: Register, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/other.db"
    schema.upgrade(address)
    other = Register(address, trail.store.keys)
    for header, payload in trail.trail.events():
        other.trail.record(None, NewEvent(header.type, header.actor, payload or {}))
    assert other.trail.verify() == []
    seq, digest = 7, trail.trail.events()[6][0].digest()
    assert [(f.code, f.seq) for f in other.trail.verify([(seq, digest)])] == [("head_differs", 7)]


def test_events_of_one_request_and_of_all(register: Register, open_one: Callable[..., Request]) -> None:
    request, other = open_one(), open_one()
    register.trail.record(request.id, NewEvent("looked_up", "officer", {"rows": 3, "rate": 0.5}))
    mine = register.trail.events(request.id)
    assert [header.type for header, _ in mine] == ["request_received", "looked_up"]
    assert mine[1][1] == {"rows": 3, "rate": 0.5}
    assert mine[1][0].actor == "officer"
    assert {header.request for header, _ in register.trail.events()} == {None, request.id, other.id}


def test_erased_payload_is_gone_and_the_chain_verifies(
    register: Register, open_one: Callable[..., Request], url: str
) -> None:
    request, other = open_one(), open_one()
    register.trail.record(request.id, NewEvent("looked_up", payload={"secret_code": "needle-in-the-trail"}))
    heads = [(header.seq, header.digest()) for header, _ in register.trail.events()]
    assert register.data_keys.shred(request.id, "retention_register")
    assert register.trail.verify(heads) == []
    left = [header.type for header, payload in register.trail.events(request.id) if payload is not None]
    assert left == ["data_key_destroyed"]
    assert register.trail.events(other.id)[0][1] is not None
    assert "payloads_erased" in [header.type for header, _ in register.trail.events()]
    if url.startswith("sqlite"):
        files = Path(url.removeprefix("sqlite:///")).parent.glob("register.db*")
        assert not any(b"needle-in-the-trail" in file.read_bytes() for file in files)


def test_times_come_from_the_clock_alone(url: str, keys: KeyStore) -> None:
    zone = timezone(timedelta(hours=2))
    register = Register(url, keys, lambda: datetime(2031, 3, 2, 10, 0, 1, 500, zone))
    register.trail.record(None, NewEvent("counted"))
    assert register.trail.events()[0][0].at == "2031-03-02T08:00:01.000500Z"


def test_a_clock_without_a_zone_writes_nothing(url: str, keys: KeyStore) -> None:
    register = Register(url, keys, lambda: datetime(2031, 3, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        register.trail.record(None, NewEvent("counted"))
    assert register.trail.events() == []


def test_payload_is_read_as_written(register: Register) -> None:
    register.trail.record(None, NewEvent("counted", payload={"b": [1, None, True], "a": {"é": "\u2028"}}))
    ((_, payload),) = register.trail.events()
    assert payload == {"b": [1, None, True], "a": {"é": "\u2028"}}


def test_a_payload_that_has_no_canonical_form_writes_nothing(register: Register) -> None:
    with pytest.raises(ValueError):
        register.trail.record(None, NewEvent("counted"), NewEvent("counted", payload={"n": 2**60}))
    assert register.trail.head() == (0, "0" * 64)
