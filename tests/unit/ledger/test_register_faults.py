from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from afschrift.core.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.core.event import NewEvent
from afschrift.ledger import database, schema
from afschrift.ledger.faults import translated
from afschrift.ledger.keys import KeyStore
from afschrift.ledger.register import Ledger

SERVER = "postgresql+psycopg://anneke:s3cret@db.example.org:5433/register?sslpassword=s3cret2"


class ServerError(Exception):
    """What a PostgreSQL driver raises, with the server's code."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("connection of user anneke with s3cret failed")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("code", "kind", "error", "words"),
    [
        (None, OperationalError, RetriableError, "did not answer"),
        ("57P01", OperationalError, RetriableError, "did not answer"),
        ("53100", OperationalError, RetriableError, "did not answer"),
        ("55P03", OperationalError, RetriableError, "held by another writer"),
        ("25006", InternalError, ConfigurationError, "read but not written"),
        ("28P01", OperationalError, ConfigurationError, "does not let the service in"),
        ("42501", ProgrammingError, ConfigurationError, "does not let the service in"),
        ("42P01", ProgrammingError, ConfigurationError, "afschrift register upgrade"),
    ],
)
def test_what_a_server_says_is_told_by_what_to_do_and_without_credentials(
    code: str | None, kind: type[DBAPIError], error: type[Exception], words: str
) -> None:
    told = translated(kind("SELECT", {}, ServerError(code)), make_url(SERVER))
    assert isinstance(told, error)
    assert words in str(told)
    assert "db.example.org:5433/register" in str(told)
    assert not [secret for secret in ("anneke", "s3cret", "s3cret2") if secret in str(told)]


def test_a_row_that_a_server_shows_is_not_shown_on() -> None:
    refused = ServerError("23502")
    refused.args = ("null value in a column\nDETAIL:  Failing row contains (a-needle, null).",)
    refused.diag = SimpleNamespace(message_primary="null value in a column")  # type: ignore[attr-defined]
    told = str(translated(IntegrityError("INSERT", {}, refused), make_url(SERVER)))
    assert "turned down a statement: null value in a column." in told
    assert "a-needle" not in told


def test_a_folder_that_is_not_there(keys: KeyStore) -> None:
    ledger = Ledger("sqlite:////nowhere/at/all/register.db", keys)
    with pytest.raises(ConfigurationError, match=r"/nowhere/at/all/register\.db cannot be opened"):
        ledger.head()


def test_an_address_that_is_none_or_has_no_driver(keys: KeyStore) -> None:
    for address in ("register.db", "postgresql+nosuch://u:s3cret@host/db", ""):
        with pytest.raises(ConfigurationError, match="address of the register") as told:
            Ledger(address, keys)
        assert "s3cret" not in str(told.value)


def test_a_register_without_tables_names_the_command(tmp_path: Path, keys: KeyStore) -> None:
    with pytest.raises(ConfigurationError, match="afschrift register upgrade"):
        Ledger(f"sqlite:///{tmp_path}/new.db", keys).requests()


def test_a_file_that_is_no_database(tmp_path: Path, keys: KeyStore) -> None:
    (tmp_path / "text.db").write_bytes(b"no database, and long enough to be looked at" * 50)
    with pytest.raises(ConfigurationError, match="damaged"):
        Ledger(f"sqlite:///{tmp_path}/text.db", keys).head()


def test_a_read_only_register_is_read_and_not_written(tmp_path: Path, keys: KeyStore) -> None:
    address = f"sqlite:///{tmp_path}/register.db"
    schema.upgrade(address)
    Ledger(address, keys).record(None, NewEvent("counted"))
    read_only = Ledger(f"sqlite:///file:{tmp_path}/register.db?mode=ro&uri=true", keys)
    assert read_only.head()[0] == 1
    with pytest.raises(ConfigurationError, match="read but not written"):
        read_only.record(None, NewEvent("counted"))
    assert read_only.head()[0] == 1


def test_a_register_held_by_another_writer_is_retried(
    tmp_path: Path, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path}/register.db"
    schema.upgrade(address)
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.2)
    ledger = Ledger(address, keys)
    holder = sqlite3.connect(tmp_path / "register.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(RetriableError, match="held by another writer"):
        ledger.record(None, NewEvent("counted"))
    assert 0.1 < time.monotonic() - started < 10
    assert ledger.head()[0] == 0  # readers do not wait
    holder.execute("ROLLBACK")
    holder.close()
    ledger.record(None, NewEvent("counted"))
    assert ledger.head()[0] == 1


def test_a_full_disk_loses_nothing_that_was_written(tmp_path: Path, keys: KeyStore) -> None:
    address = f"sqlite:///{tmp_path}/register.db"
    schema.upgrade(address)
    ledger = Ledger(address, keys)
    ledger.record(None, NewEvent("counted"))

    def limit(connection: object, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    event.listen(ledger._db.engine, "connect", limit)
    with pytest.raises(RetriableError, match="SQLITE_FULL"):
        for n in range(1000):
            ledger.record(None, *(NewEvent("counted", payload={"n": n, "m": m}) for m in range(50)))
    event.remove(ledger._db.engine, "connect", limit)
    assert (ledger.head()[0] - 1) % 50 == 0
    assert ledger.verify() == []
    ledger.record(None, NewEvent("counted"))
    assert ledger.verify() == []


def test_no_error_shows_what_was_to_be_written(ledger: Ledger) -> None:
    with pytest.raises(AfschriftError, match=r"turned down a statement.*fault of the software") as told:  # noqa: SIM117
        with ledger._db.write() as tx:
            tx.execute(text("INSERT INTO data_key (owner) VALUES (:v)"), {"v": "a-needle"})
    assert "a-needle" not in str(told.value)


def test_what_the_database_library_says_holds_no_values(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/register.db"
    schema.upgrade(address)
    with pytest.raises(IntegrityError) as told, database.Database(address).engine.connect() as connection:
        connection.execute(text("INSERT INTO data_key (owner) VALUES (:v)"), {"v": "a-needle"})
    assert "a-needle" not in str(told.value)
