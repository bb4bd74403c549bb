from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.register.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Ledger
from afschrift.register.tables import data_key

Open = Callable[..., Request]
PERSON = (Key("customer_id", "C-10042"), Key("email", "anneke.jansen@example.org"))


def small_plan(request_id: str) -> Plan:
    return Plan(request_id, Right.ACCESS, "nl", ("csv",), (), (), "a", "b", "0.1.0", "2026-03-02T10:00:00Z")


def wrapped_keys(url: str) -> dict[str, bytes]:
    with Database(url).read() as tx:
        return {row.owner: row.wrapped for row in tx.execute(select(data_key))}


def test_after_shredding_nothing_of_the_person_opens_and_the_rest_stands(
    ledger: Ledger, open_one: Open, url: str
) -> None:
    one, other = open_one(PERSON, limits={"tables": ["orders"]}), open_one((Key("customer_id", "C-2"),))
    digest = ledger.save_plan(small_plan(one.id))
    ledger.decide(one.id, "identity", "confirmed", "officer", text="By telephone.")
    heads = [(header.seq, header.digest()) for header, _ in ledger.events()]

    assert ledger.shred(one.id, "retention_identity", "officer")

    for unreadable in (
        lambda: ledger.identity(one.id),
        lambda: ledger.plan(one.id, digest),
        lambda: ledger.subkey(one.id, "staging"),
        lambda: ledger.save_plan(small_plan(one.id)),
        lambda: ledger.decide(one.id, "review", "yes", "officer", text="more"),
    ):
        with pytest.raises(RefusedError, match="destroyed"):
            unreadable()
    assert [t.text for t in ledger.case_texts(one.case, "auditor")] == [None, None]
    assert ledger.request(one.id).limits == {}
    assert set(wrapped_keys(url)) == {other.id, other.case}
    assert ledger.verify(heads) == []
    assert ("data_key_destroyed", "officer") in [(h.type, h.actor) for h, _ in ledger.events(one.id)]
    assert ledger.identity(other.id) == (Key("customer_id", "C-2"),)
    assert len(ledger.case_texts(other.case, "auditor")[0].text or b"") > 10


def test_a_repeat_is_recognised_after_the_first_was_shredded(ledger: Ledger, open_one: Open) -> None:
    first = open_one(PERSON, "2026-01-05T00:00:00Z")
    ledger.shred(first.id, "retention_identity")
    again = open_one((Key("email", "ANNEKE.JANSEN@EXAMPLE.ORG"),), "2026-02-05T00:00:00Z")
    assert ledger.earlier(again.id) == (first.id,)
    ledger.shred(again.id, "retention_identity")
    assert ledger.earlier(again.id) == (first.id,)
    assert ledger.earlier(again.id, names={"customer_id"}) == ()


def test_the_message_goes_with_the_last_request_of_its_case(ledger: Ledger, open_one: Open) -> None:
    one = open_one()
    two = open_one(case=one.case)
    ledger.shred(one.id, "retention_identity")
    assert ledger.case_texts(one.case, "auditor")[0].text is not None
    ledger.shred(two.id, "retention_identity")
    assert ledger.case_texts(one.case, "auditor")[0].text is None


def test_shredding_twice_writes_one_event(ledger: Ledger, open_one: Open) -> None:
    one = open_one()
    assert ledger.shred(one.id, "retention_identity")
    before = ledger.events()
    assert not ledger.shred(one.id, "retention_identity")
    assert ledger.events() == before


def test_no_byte_of_a_destroyed_key_is_left_in_the_files(ledger: Ledger, open_one: Open, url: str) -> None:
    if not url.startswith("sqlite"):
        return
    one = open_one()
    wrapped = wrapped_keys(url)[one.id]
    folder = Path(url.removeprefix("sqlite:///")).parent

    def stored() -> bytes:
        return b"".join(file.read_bytes() for file in folder.glob("register.db*"))

    # Somebody else's connection keeps the write-ahead log alive.
    other = sqlite3.connect(folder / "register.db")
    assert other.execute("SELECT count(*) FROM data_key").fetchone() == (2,)
    assert wrapped in stored()
    ledger.shred(one.id, "retention_identity")
    assert wrapped not in stored()
    assert wrapped[13:29] not in stored()
    other.close()


def test_retiring_wrapping_keys_closes_back_ups_and_keeps_the_living(
    ledger: Ledger, open_one: Open, url: str, keys: KeyStore
) -> None:
    kept, gone = open_one(PERSON), open_one(PERSON)
    backed_up = wrapped_keys(url)
    old = keys.active_kek
    ledger.shred(gone.id, "retention_identity")
    keys.rotate()
    later = open_one(PERSON)

    assert ledger.retire_keks() == (old,)

    assert ledger.identity(kept.id) == ledger.identity(later.id) == PERSON
    assert ledger.case_texts(kept.case, "auditor")[0].text is not None
    with pytest.raises(ConfigurationError, match=old):
        keys.unwrap(old, backed_up[gone.id], gone.id)
    assert ledger.events()[-2][0].type == "wrapping_keys_retired"
    assert ledger.retire_keks() == ()
    assert ledger.verify() == []


def test_another_registers_key_file_is_told(
    ledger: Ledger, open_one: Open, url: str, tmp_path: Path, clock: object
) -> None:
    one = open_one()
    stranger = Ledger(url, KeyStore.create(tmp_path / "other.json"))
    with pytest.raises(ConfigurationError, match="does not hold the wrapping key"):
        stranger.identity(one.id)
    assert stranger.request(one.id).id == one.id


def test_a_value_swapped_in_the_database_does_not_open(
    ledger: Ledger, open_one: Open, as_operator: Callable[..., None]
) -> None:
    one, other = open_one(PERSON), open_one((Key("customer_id", "C-2"),))
    as_operator(
        "UPDATE request_identity SET ciphertext = "
        "(SELECT ciphertext FROM request_identity WHERE request_id = :two) "
        "WHERE request_id = :one AND kind = 'customer_id'",
        one=one.id,
        two=other.id,
    )
    with pytest.raises(ConfigurationError, match="request_identity") as told:
        ledger.identity(one.id)
    assert "C-2" not in str(told.value)
    as_operator(
        "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE owner = :two) WHERE owner = :one",
        one=one.id,
        two=other.id,
    )
    with pytest.raises(AfschriftError, match="data_key"):
        ledger.subkey(one.id, "fields")
