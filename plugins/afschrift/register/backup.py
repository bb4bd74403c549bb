"""Back-up and restoration of a register on SQLite, with the data keys apart from the rest.

The back-up of the register has no data keys, so it brings no destroyed key back, however old it is; nor has
it the results of look-ups. The data keys are backed up apart, and only the newest of those back-ups is kept.
PostgreSQL has its own programs for this; docs/operator/keys.md names the commands.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import make_url

from afschrift.app.private_files import private_file
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import Clock, rfc3339, utc_now
from afschrift.register.base import RegisterStore
from afschrift.register.database.database import Database
from afschrift.register.database.trail_tables import event, event_payload
from afschrift.register.keys.store import KeyStore
from afschrift.register.schema import upgrade
from afschrift.register.trail import trail
from afschrift.register.trail.height import Height, lacks
from afschrift.register.trail.own_events import acts
from afschrift.register.trail.trail import RESTORED

_LAST = (
    select(event.c.type, event_payload.c.payload)
    .outerjoin(event_payload)
    .order_by(event.c.seq.desc())
    .limit(1)
)


def back_up(url: str, into: Path, data_keys: Path | None = None) -> None:
    """Copy one state of the register, also while others write to it.

    Args:
        url: of the register, on SQLite.
        into: new file for everything but the data keys.
        data_keys: new file for the data keys; None: they are not backed up.

    Raises:
        RefusedError: the register is not on SQLite, or a file exists already.
        ConfigurationError: the register or a file cannot be read or written.
    """
    register = _file(url)
    # The copy is taken apart in the register's own folder: no data key reaches the folder of the back-up.
    with (
        _translated(register, into),
        _copy(register, register.parent) as copy,
        closing(_open(copy)) as connection,
    ):
        connection.execute("PRAGMA journal_mode = OFF")  # a journal would keep the deleted keys
        if data_keys is not None:
            _new(data_keys)
            connection.execute("ATTACH ? AS apart", (str(data_keys),))
            connection.execute("CREATE TABLE apart.data_key AS SELECT * FROM main.data_key")
            connection.execute("DETACH apart")
        connection.execute("DELETE FROM data_key")
        if _has(copy, "look_up"):  # a later decision destroys look-ups, and the back-up must not restore them
            connection.execute("DELETE FROM look_up")
        _new(into)
        connection.execute("VACUUM INTO ?", (str(into),))


def restore(
    url: str,
    from_: Path,
    keys: KeyStore,
    data_keys: Path | None = None,
    by: str = "system",
    clock: Clock = utc_now,
    witnessed: Height | None = None,
) -> None:
    """Replace the register by a back-up, in one step for all its users, and record that in its trail.

    The tables are upgraded to this version.

    Args:
        url: of the register, on SQLite.
        from_: file of `back_up`.
        keys: of the installation.
        data_keys: file of `back_up` with the data keys; None: the current register's keys stay, so that what
            was destroyed since the back-up stays destroyed.
        by: account that restores.
        clock: returns the current time.
        witnessed: the greatest height that a witness place holds.

    Raises:
        RefusedError: the register is not on SQLite, or a file is not from `back_up`.
        ConfigurationError: a file cannot be read, or the current register is damaged.
    """
    register = _file(url)
    for file, table in ((from_, "event"), (data_keys, "data_key")):
        if file is not None and not _has(file, table):
            raise RefusedError(
                f"{file} is no back-up of a register.",
                remedy="name a file that `afschrift register backup` made.",
            )
    keys_from = data_keys or register
    if not _has(keys_from, "data_key"):
        raise RefusedError(
            "There are no data keys to go with the back-up.",
            remedy="name the back-up of the data keys with `--data-keys`.",
        )
    replaced = _head(url) if _has(register, "event") else None
    with _translated(register, from_), _copy(from_, register.parent) as copy:
        with closing(_open(copy)) as connection:
            connection.execute("ATTACH ? AS apart", (str(keys_from),))
            connection.execute("INSERT INTO main.data_key SELECT * FROM apart.data_key")
            connection.execute("DETACH apart")
        copied = f"sqlite:///{copy}"
        upgrade(copied)
        record_restoration(copied, keys, replaced, by, clock, witnessed)
        if not register.exists():
            _new(register)
        with closing(_open(copy)) as source, closing(_open(register)) as target:
            source.backup(target)


def record_restoration(
    url: str,
    keys: KeyStore,
    replaced: list[int | str] | None = None,
    by: str = "system",
    clock: Clock = utc_now,
    witnessed: Height | None = None,
) -> bool:
    """Record in the trail that the register was restored; on PostgreSQL, after its own programs did so.

    The event names two heights: the greatest that is known of the register before, and the one it was
    restored to. It opens no gate until another person signs it (`casework.trail_acts`).

    Args:
        url: of the restored register.
        keys: of the installation.
        replaced: head (seq, digest) of the register that was there before, if known.
        by: account that restored it.
        clock: returns the current time.
        witnessed: the greatest height that a witness place holds.

    Returns:
        False: the trail's last event records it already, and nothing is written.
    """
    with closing(Database(url)) as database:
        store = RegisterStore(database, keys, clock)
        with database.write() as tx:
            restored, place = list(trail.head(tx)), store.height_keeper.of(tx)
            trail_keys, kept = keys.trail_keys(), place.read() if place else None
            known_acts = acts(tx, trail_keys)
            heights = [h for h in (witnessed, kept) if h and lacks(tx, h, trail_keys, known_acts)]
            known: list[list[int | str]] = [[height.seq, height.head] for height in sorted(heights)[-1:]]
            known += [replaced] if replaced else []
            over = max(known, key=lambda head: int(head[0]), default=None)
            last = tx.execute(_LAST).first()
            if last is not None and last.type == RESTORED and _names(last.payload, over):
                return False
            payload = {"restored": restored, "replaced": over}
            trail.append(tx, rfc3339(clock()), [(None, NewEvent(RESTORED, by, payload))])
    return True


def _names(payload: str | None, over: list[int | str] | None) -> bool:
    """Whether an event names a height that is at least the known one."""
    named = json.loads(payload or "{}").get("replaced")
    return over is None or (named is not None and int(named[0]) >= int(over[0]))


def _head(url: str) -> list[int | str]:
    with closing(Database(url)) as database, database.read() as tx:
        return list(trail.head(tx))


def _file(url: str) -> Path:
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise RefusedError(
            "This command is for a register on SQLite.",
            remedy="use pg_dump and pg_restore as docs/operator/keys.md says.",
        )
    return Path(address.database)


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _has(file: Path, table: str) -> bool:
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,))
            return found.fetchone() is not None
    except sqlite3.DatabaseError:
        return False


def _new(file: Path) -> None:
    """Create an empty file that its owner alone can read."""
    private_file(file, new=True).close()


@contextmanager
def _copy(file: Path, folder: Path) -> Iterator[Path]:
    """A temporary copy in a folder; its data keys are overwritten before it is removed."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".copy-") as own:  # mode 0700
        copy = Path(own) / "register.db"
        with closing(_open(file)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        try:
            yield copy
        finally:
            with closing(_open(copy)) as connection:
                connection.execute("PRAGMA journal_mode = OFF")
                connection.execute("DELETE FROM data_key")


@contextmanager
def _translated(register: Path, other: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise RefusedError(f"There is a file {error.filename} already.", remedy="name a new one.") from None
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "sqlite_errorname", None) or getattr(error, "strerror", None)
        raise ConfigurationError(
            f"The register {register} or the back-up {other} cannot be read or written ({reason}).",
            remedy="see that both folders exist, may be written and have room. If the register is damaged, "
            "move it away and restore with `--data-keys`.",
        ) from None
