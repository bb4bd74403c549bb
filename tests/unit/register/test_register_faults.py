"""One of many machines has a wrong clock: it is named, and records nothing."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from operator import attrgetter
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from bench.daily_work import WORK
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError, ProgrammingError
from testbed import registers
from tests.support.small_disk import SmallDisk, fills_up, mounted

from afschrift.domain.errors import (
    AfschriftError,
    ConfigurationError,
    RefusedError,
    RetriableError,
    UnknownRequestError,
)
from afschrift.domain.event import NewEvent
from afschrift.domain.state import State
from afschrift.register import schema
from afschrift.register.database import database, errors
from afschrift.register.database.errors import translated
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

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
def test_server_error_becomes_remedy_without_credentials(
    code: str | None, kind: type[DBAPIError], error: type[Exception], words: str
) -> None:
    text = translated(kind("SELECT", {}, ServerError(code)), make_url(SERVER))
    assert isinstance(text, error)
    assert words in str(text)
    assert "db.example.org:5433/register" in str(text)
    assert not [secret for secret in ("anneke", "s3cret", "s3cret2") if secret in str(text)]


def test_a_row_that_a_server_shows_is_not_shown_on() -> None:
    refused = ServerError("23502")
    refused.args = ("null value in a column\nDETAIL:  Failing row contains (a-needle, null).",)
    refused.diag = SimpleNamespace(message_primary="null value in a column")  # type: ignore[attr-defined]
    text = str(translated(IntegrityError("INSERT", {}, refused), make_url(SERVER)))
    assert "turned down a statement: null value in a column." in text
    assert "a-needle" not in text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sqlite:////nowhere/at/all/register.db", r"/nowhere/at/all/register\.db cannot be opened"),
        ("sqlite:///{}/new.db", "afschrift register upgrade"),
        ("sqlite:///{}/text.db", "damaged"),
        ("register.db", "address of the register"),
        ("postgresql+nosuch://u:s3cret@host/db", "address of the register"),
        ("", "address of the register"),
    ],
)
def test_address_of_no_register_is_refused(tmp_path: Path, keys: KeyStore, address: str, words: str) -> None:
    (tmp_path / "text.db").write_bytes(b"no database, and long enough to be looked at" * 50)
    with pytest.raises(ConfigurationError, match=words) as error:
        Register(address.format(tmp_path), keys).requests.all()
    assert "s3cret" not in str(error.value)


def test_a_read_only_register_is_read_and_not_written(tmp_path: Path, keys: KeyStore) -> None:
    address = registers.place(tmp_path / "register.db")
    Register(address, keys).trail.record(None, NewEvent("counted"))
    read_only = Register(f"sqlite:///file:{tmp_path}/register.db?mode=ro&uri=true", keys)
    assert read_only.trail.head()[0] == 1
    with pytest.raises(ConfigurationError, match="read but not written"):
        read_only.trail.record(None, NewEvent("counted"))
    assert read_only.trail.head()[0] == 1


def test_register_held_by_a_writer_is_retried(
    tmp_path: Path, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = registers.place(tmp_path / "register.db")
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.2)
    register = Register(address, keys)
    holder = sqlite3.connect(tmp_path / "register.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(RetriableError, match="held by another writer"):
        register.trail.record(None, NewEvent("counted"))
    assert 0.1 < time.monotonic() - started < 10
    assert register.trail.head()[0] == 0  # readers do not wait
    holder.execute("ROLLBACK")
    holder.close()
    register.trail.record(None, NewEvent("counted"))
    assert register.trail.head()[0] == 1


def test_a_full_disk_loses_nothing_that_was_written(tmp_path: Path, keys: KeyStore) -> None:
    address = registers.place(tmp_path / "register.db")
    register = Register(address, keys)
    register.trail.record(None, NewEvent("counted"))

    def limit(connection: object, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    register.store.database.close()
    event.listen(register.store.database.engine, "connect", limit)
    with pytest.raises(RetriableError, match="SQLITE_FULL"):
        for n in range(1000):
            register.trail.record(None, *(NewEvent("counted", payload={"n": n, "m": m}) for m in range(50)))
    event.remove(register.store.database.engine, "connect", limit)
    register.store.database.close()
    assert (register.trail.head()[0] - 1) % 50 == 0
    assert register.trail.verify() == []
    register.trail.record(None, NewEvent("counted"))
    assert register.trail.verify() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "small"
    folder.mkdir()
    with mounted(folder, 2) as disk:
        yield disk


def test_a_disk_without_room_loses_nothing(keys: KeyStore, small_disk: SmallDisk) -> None:
    address = f"sqlite:///{small_disk.folder}/register.db"
    schema.upgrade(address)
    fills_up(Register(address, keys), small_disk)


def test_flipped_bytes_are_damage_or_a_trail_finding(tmp_path: Path, keys: KeyStore) -> None:
    """No fault of another kind comes of it, and no event is another one without a finding."""
    file, spoilt_file = tmp_path / "register.db", tmp_path / "spoilt.db"
    register, requests, random = Register(registers.place(file), keys), [], Random(5)
    for n in range(30):
        with suppress(RefusedError):
            WORK[n % len(WORK)](register, random, requests)
    register.store.database.forget()
    whole, events, head, found_count = file.read_bytes(), register.trail.events(), register.trail.head(), 0
    for _ in range(20):
        spoilt, at = bytearray(whole), random.randrange(len(whole))
        for place in range(at, min(at + 300, len(whole)), random.choice((3, 50, 300))):
            spoilt[place] ^= 1 << random.randrange(8)
        for left in tmp_path.glob("spoilt.db*"):
            left.unlink()
        spoilt_file.write_bytes(spoilt)
        other = Register(f"sqlite:///{spoilt_file}", keys)
        request = random.choice(requests)
        with suppress(ConfigurationError):
            findings = other.trail.verify([head])
            found_count += bool(findings)
            assert findings or other.trail.events() == events
        for use in (
            other.requests.all,
            partial(other.identities.of, request),
            partial(other.decisions.of, request),
            partial(other.questions.all, request_id=request),
            partial(other.requests.move, request, State.NEEDS_PERSON, NewEvent("question_asked")),
            partial(other.trail.record, None, NewEvent("counted")),
        ):
            try:
                use()
            except (ConfigurationError, RefusedError, UnknownRequestError) as error:
                found_count += "is damaged" in str(error)
    assert found_count


@pytest.mark.parametrize(
    ("change", "use"),
    [
        ("UPDATE request SET state = 'rmceived'", "requests.all"),
        ("UPDATE request SET \"right\" = 'accesr'", "requests.all"),
        ("UPDATE request SET formats = '{\"csv'", "requests.all"),
        ("UPDATE event SET at = CAST('x' AS blob)", "trail.events"),
    ],
)
def test_content_never_written_is_damage(tmp_path: Path, keys: KeyStore, change: str, use: str) -> None:
    register = Register(registers.place(tmp_path / "register.db"), keys)
    WORK[0](register, Random(1), [])
    with closing(sqlite3.connect(tmp_path / "register.db")) as connection, connection:
        connection.execute("DROP TRIGGER event_no_update")
        connection.execute(change)
    with pytest.raises(ConfigurationError, match=r"register\.db is damaged.*back-up"):
        attrgetter(use)(register)()


def test_no_error_shows_the_values_of_a_write(register: Register) -> None:
    statement = text("INSERT INTO data_key (owner) VALUES (:v)")
    refusal = pytest.raises(AfschriftError, match=r"turned down a statement.*fault of the software")
    with refusal as error, register.store.database.write() as tx:
        tx.execute(statement, {"v": "a-needle"})
    assert "a-needle" not in str(error.value)
    if register.store.database.sqlite:  # a server shows the row that it refuses
        connection = register.store.database.engine.connect()
        with pytest.raises(IntegrityError) as of_library, connection:
            connection.execute(statement, {"v": "a-needle"})
        assert "a-needle" not in str(of_library.value)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("off", "words"), [(600, "600 s ahead of"), (-600, "600 s behind"), (90, "90 s ahead of"), (50, "")]
)
def test_a_clock_that_is_off_is_named_and_records_nothing(
    register: Register, monkeypatch: pytest.MonkeyPatch, off: int, words: str
) -> None:
    """One of many machines has a wrong clock; within a minute it is right enough."""
    monkeypatch.setattr(errors, "_here", lambda: time.time() + off)
    if not words:
        register.trail.record(None, NewEvent("sweep_done"))
        return
    with pytest.raises(RetriableError, match=f"The clock of {socket.gethostname()} is {words}"):
        register.trail.record(None, NewEvent("sweep_done"))
    assert register.trail.events() == []
    monkeypatch.undo()
    register.trail.record(None, NewEvent("sweep_done"))
    assert len(register.trail.events()) == 1
