"""What was looked up before an identity was confirmed: one at a time, encrypted, and gone when it must be."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.nightly import both_databases, on_sqlite
from tests.unit.conftest import Open

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.register.backup import back_up, restore
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

OFFICER = {"role": "officer", "source": "roles_file"}
FOUND = b'{"name": "Anneke Jansen"}'


def served(register: Register, request: str) -> str:
    ask = register.look_ups.ask(request, "airflow:anna", OFFICER)
    register.look_ups.serve(ask.id, request, FOUND, {"tables": {"shop.customer": 1}})
    return ask.id


def stored(url: str) -> list[bytes | None]:
    with Database(url).read() as tx:
        return list(tx.execute(text("SELECT ciphertext FROM look_up ORDER BY asked_at")).scalars())


def test_it_is_kept_encrypted_and_read_again(register: Register, open_one: Open, url: str) -> None:
    opened, other = open_one(), open_one()
    served(register, opened.id)
    assert register.look_ups.found(opened.id) == FOUND
    assert register.look_ups.found(other.id) is None
    [kept] = stored(url)
    assert b"Anneke" not in bytes(kept or b"")


@both_databases
def test_an_ask_is_one_at_a_time_and_served_once(register: Register, open_one: Open, url: str) -> None:
    opened = open_one()
    first = register.look_ups.ask(opened.id, "airflow:anna", OFFICER)
    assert register.look_ups.ask(opened.id, "airflow:anna", OFFICER) == first
    second = register.look_ups.ask(opened.id, "airflow:otto", OFFICER)
    assert second.id != first.id
    with pytest.raises(TooLateError, match="nothing that was read is kept"):
        register.look_ups.serve(first.id, opened.id, FOUND, {})
    register.look_ups.serve(second.id, opened.id, FOUND, {})
    with pytest.raises(TooLateError):
        register.look_ups.serve(second.id, opened.id, FOUND, {})
    third = register.look_ups.ask(opened.id, "airflow:otto", OFFICER)
    assert third.served_at is None
    assert stored(url) == [None, None, None]


def test_it_goes_with_the_data_key(register: Register, open_one: Open, url: str) -> None:
    opened = open_one()
    served(register, opened.id)
    assert register.data_keys.shred(opened.id, "retention", "officer")
    assert stored(url) == [None]
    with pytest.raises(RefusedError, match="destroyed"):
        register.look_ups.ask(opened.id, "airflow:anna", OFFICER)


@on_sqlite  # docs/operator/keys.md leaves the table out of pg_dump
def test_back_up_lacks_it(
    register: Register, open_one: Open, url: str, keys: KeyStore, tmp_path: Path
) -> None:
    opened = open_one()
    served(register, opened.id)
    back_up(url, tmp_path / "copy.db", tmp_path / "keys.db")
    assert register.look_ups.found(opened.id) == FOUND
    assert stored(f"sqlite:///{tmp_path}/copy.db") == []
    restore(url, tmp_path / "copy.db", keys, tmp_path / "keys.db")
    assert register.look_ups.found(opened.id) is None
    served(register, opened.id)
