from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.support.nightly import on_sqlite

from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.register.database.database import Database
from afschrift.register.database.tables import data_key
from afschrift.register.register import Register

Open = Callable[..., Request]
PERSON = (Key("customer_id", "C-10042"), Key("email", "anneke.jansen@example.org"))


def small_plan(request_id: str) -> Plan:
    return Plan(request_id, Right.ACCESS, "nl", ("csv",), (), (), "a", "b", "0.1.0", "2026-03-02T10:00:00Z")


def wrapped_keys(url: str) -> dict[str, bytes]:
    with Database(url).read() as tx:
        return {row.owner: row.wrapped for row in tx.execute(select(data_key))}


def test_shredding_closes_a_person_and_keeps_the_rest(register: Register, open_one: Open, url: str) -> None:
    request, other = open_one(PERSON, limits={"tables": ["orders"]}), open_one((Key("customer_id", "C-2"),))
    digest = register.plans.save(small_plan(request.id))
    register.decisions.take(request.id, "identity", "confirmed", "officer", text="By telephone.")
    heads = [(header.seq, header.digest()) for header, _ in register.trail.events()]

    assert register.data_keys.shred(request.id, "retention_identity", "officer")
    before = register.trail.events()
    assert not register.data_keys.shred(request.id, "retention_identity")
    assert register.trail.events() == before

    for unreadable in (
        lambda: register.identities.of(request.id),
        lambda: register.plans.get(request.id, digest),
        lambda: register.data_keys.subkey(request.id, "staging"),
        lambda: register.plans.save(small_plan(request.id)),
        lambda: register.decisions.take(request.id, "review", "yes", "officer", text="more"),
    ):
        with pytest.raises(RefusedError, match="destroyed"):
            unreadable()
    assert [t.text for t in register.cases.texts(request.case, "auditor")] == [None, None]
    assert register.requests.get(request.id).limits == {}
    assert set(wrapped_keys(url)) == {other.id, other.case}
    assert register.trail.verify(heads) == []
    assert ("data_key_destroyed", "officer") in [(h.type, h.actor) for h, _ in before]
    assert register.identities.of(other.id) == (Key("customer_id", "C-2"),)
    assert len(register.cases.texts(other.case, "auditor")[0].text or b"") > 10


def test_a_repeat_is_recognised_after_the_first_was_shredded(register: Register, open_one: Open) -> None:
    first = open_one(PERSON, "2026-01-05T00:00:00Z")
    register.data_keys.shred(first.id, "retention_identity")
    again = open_one((Key("email", "ANNEKE.JANSEN@EXAMPLE.ORG"),), "2026-02-05T00:00:00Z")
    assert register.identities.earlier(again.id) == (first.id,)
    register.data_keys.shred(again.id, "retention_identity")
    assert register.identities.earlier(again.id) == (first.id,)
    assert register.identities.earlier(again.id, names={"customer_id"}) == ()


@on_sqlite
def test_no_byte_of_a_destroyed_key_is_left_in_the_files(
    register: Register, opened: Request, url: str
) -> None:
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


def test_a_value_swapped_in_the_database_does_not_open(
    register: Register, open_one: Open, as_operator: Callable[..., None]
) -> None:
    request, other = open_one(PERSON), open_one((Key("customer_id", "C-2"),))
    swap = "UPDATE {0} SET {1} = (SELECT {1} FROM {0} WHERE {2} = :two) WHERE {2} = :one"
    identity = swap.format("request_identity", "ciphertext", "request_id") + " AND kind = 'customer_id'"
    as_operator(identity, one=request.id, two=other.id)
    with pytest.raises(ConfigurationError, match="request_identity") as error:
        register.identities.of(request.id)
    assert "C-2" not in str(error.value)
    as_operator(swap.format("data_key", "wrapped", "owner"), one=request.id, two=other.id)
    with pytest.raises(AfschriftError, match="data_key"):
        register.data_keys.subkey(request.id, "fields")
