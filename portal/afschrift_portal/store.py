"""The portal's rows, in one SQLite file, and the files beside it."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from afschrift_portal.container import plain_size, read_header

QUARTER, TRIES_A_QUARTER, TRIES = 15 * 60, 5, 20
DECOY = ""  # key of the row of schema.sql that is no delivery
_MOST_PARTS = 500
"""Separate parts of a file that are remembered as sent."""


_PUT = """INSERT INTO delivery (key, state, name, size, sha256, language, facts, expires_at) VALUES
(:key, 'uploading', :name, :size, '', :language, :facts, :expires_at) ON CONFLICT (key) DO UPDATE SET
name = :name, size = :size, language = :language, facts = :facts, expires_at = :expires_at
"""
_ALL = "SELECT * FROM delivery WHERE key <> ''"
_OVER = "DELETE FROM delivery WHERE expires_at <= ? RETURNING key, state"
_RECEIPTS = "SELECT id, delivery, kind, at FROM receipt ORDER BY rowid"
_CONFIRM = "UPDATE delivery SET confirmed = 1 WHERE key = ? AND NOT confirmed"
_FREEZE = "UPDATE delivery SET state = 'frozen' WHERE key = ? AND state = 'ready'"
_TRIED = "SELECT count(*) FILTER (WHERE at > ?), count(*) FROM attempt WHERE delivery = ?"
_SENDING = "INSERT INTO sent (delivery, start, stop, running) VALUES (?, ?, ?, ?)"
_SENT = "SELECT start, stop FROM sent WHERE delivery = ? AND NOT running ORDER BY start"


class ConflictError(Exception):
    """What is asked does not go with what is kept; the message says what is."""


@dataclass(frozen=True)
class Delivery:
    """A row, as it is in the table."""

    key: str
    name: str
    size: int
    sha256: str
    language: str
    facts: str
    state: str
    expires_at: int
    link_hash: bytes | None
    downloads: int
    confirmed: int

    @property
    def known_facts(self) -> dict[str, str]:
        return dict(json.loads(self.facts))


class Store:
    """Everything that is written, each call in a transaction of its own."""

    def __init__(self, home: Path) -> None:
        self.files = home / "files"
        self.files.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._base = sqlite3.connect(home / "portal.db", isolation_level=None, check_same_thread=False)
        self._base.row_factory = sqlite3.Row
        for pragma in ("foreign_keys=ON", "secure_delete=ON", "synchronous=FULL", "busy_timeout=5000"):
            self._base.execute(f"PRAGMA {pragma}")
        self._base.executescript((files("afschrift_portal") / "schema.sql").read_text("utf-8"))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._base:
            self._base.execute("BEGIN IMMEDIATE")
            yield self._base

    def file(self, key: str) -> Path:
        return self.files / key

    def received(self, key: str) -> int:
        """Bytes of the file that are here."""
        with suppress(FileNotFoundError):
            return self.file(key).stat().st_size
        return 0

    def recover(self) -> None:
        """After a loss: a file without a row is removed, and a row without its file waits for it again."""
        with self._transaction() as base:
            rows = {row["key"]: row for row in base.execute(_ALL)}
            base.execute("UPDATE sent SET running = 0")
            for key, row in rows.items():
                if row["state"] != "uploading" and self.received(key) != row["size"]:
                    base.execute("DELETE FROM sent WHERE delivery = ?", (key,))
                    _set(base, key, state="uploading", link_hash=None)
        for path in self.files.iterdir():
            if path.name not in rows:
                path.unlink()

    def put(self, key: str, row: dict[str, Any]) -> bool:
        """Announce a file; whether it is new.

        Raises:
            ConflictError: another file is here already.
        """
        with self._transaction() as base:
            kept = _delivery(base, "key", key)
            same = kept and all(getattr(kept, name) == row[name] for name in ("name", "size"))
            if kept and not same and kept.state != "uploading":
                raise ConflictError("Another file is ready under this key.")
            if kept and not same:
                self.file(key).unlink(missing_ok=True)
            base.execute(_PUT, row | {"key": key})
        return kept is None

    def delivery(self, key: str) -> Delivery | None:
        with self._lock:
            return _delivery(self._base, "key", key)

    def open_delivery(self, link_hash: bytes) -> Delivery | None:
        """The delivery of a link that can be fetched now."""
        with self._lock:
            found = _delivery(self._base, "link_hash", link_hash)
        return found if found and found.state == "ready" and found.expires_at > time.time() else None

    def complete(self, key: str, sha256: str) -> None:
        """Make a file that was received whole ready.

        Raises:
            ContainerError: it is of another format.
            ConflictError: another delivery has its link.
        """
        header = read_header(self.file(key))
        with self._transaction() as base:
            try:
                _set(base, key, state="ready", link_hash=header.link_hash, sha256=sha256)
            except sqlite3.IntegrityError:
                raise ConflictError("Another delivery has this link.") from None

    def change(self, key: str, expires_at: int | None, frozen: bool | None) -> Delivery | None:
        """Renew, freeze, or unfreeze, which forgets the tries."""
        with self._transaction() as base:
            kept = _delivery(base, "key", key)
            if kept and expires_at is not None:
                _set(base, key, expires_at=expires_at)
            if kept and frozen is not None and kept.state != "uploading":
                _set(base, key, state="frozen" if frozen else "ready")
            if frozen is False:
                base.execute("DELETE FROM attempt WHERE delivery = ?", (key,))
            return _delivery(base, "key", key)

    def remove(self, key: str) -> None:
        """Remove row and file. Downloads that run see the file go, and end."""
        with self._transaction() as base:
            base.execute("DELETE FROM delivery WHERE key = ?", (key,))
        self.file(key).unlink(missing_ok=True)

    def expire(self) -> None:
        """Remove what is over."""
        with self._transaction() as base:
            rows = base.execute(_OVER, (time.time(),)).fetchall()
            for key in (key for key, state in rows if state != "uploading"):
                _receipt(base, key, "expired")
        for key, _ in rows:
            self.file(key).unlink(missing_ok=True)

    def begin_attempt(self, link_hash: bytes) -> tuple[str, int]:
        """Count a try before it is made, at `DECOY` where there is nothing to try, or too much was.

        Each writes the same, as the time of a write would tell whether a link is one.
        """
        now = int(time.time())
        with self._transaction() as base:
            found = _delivery(base, "link_hash", link_hash)
            key = found.key if found and found.state == "ready" and found.expires_at > now else DECOY
            base.execute("DELETE FROM attempt WHERE delivery = ?", (DECOY,))
            recent, total = base.execute(_TRIED, (now - QUARTER, key)).fetchone()
            if total >= TRIES:  # a try that ended with the process
                _freeze(base, key)
            key = DECOY if recent >= TRIES_A_QUARTER or total >= TRIES else key
            added = base.execute("INSERT INTO attempt (delivery, at) VALUES (?, ?)", (key, now))
            return key, int(added.lastrowid or 0)

    def end_attempt(self, delivery: str, attempt: int, *, right: bool) -> None:
        """Give a right try back; freeze after the last wrong one."""
        with self._transaction() as base:
            if right:
                base.execute("DELETE FROM attempt WHERE id = ?", (attempt,))
                return
            if base.execute(_TRIED, (0, delivery)).fetchone()[1] >= TRIES:
                _freeze(base, delivery)

    def begin_sending(self, delivery: str, start: int) -> int:
        with self._transaction() as base:
            return int(base.execute(_SENDING, (delivery, start, start, 1)).lastrowid or 0)

    def note_sending(self, sending: int, stop: int) -> None:
        """Note up to where a download is about to be sent, so that a kill forgets none of it."""
        with self._transaction() as base:
            base.execute("UPDATE sent SET stop = ? WHERE id = ?", (stop, sending))

    def end_sending(self, delivery: Delivery, sending: int, stop: int, *, whole: bool) -> None:
        """Note what was sent. With the last missing part of a file it was fetched.

        `whole`: everything was sent that this answer was to hold.
        """
        with self._transaction() as base:
            updated = base.execute("UPDATE sent SET stop = ?, running = 0 WHERE id = ?", (stop, sending))
            if not updated.rowcount:
                return  # removed meanwhile
            parts = merged([(start, stop) for start, stop in base.execute(_SENT, (delivery.key,))])
            base.execute("DELETE FROM sent WHERE delivery = ? AND NOT running", (delivery.key,))
            size = plain_size(delivery.size)
            if whole and (size == 0 or (0, size) in parts):
                base.execute("UPDATE delivery SET downloads = downloads + 1 WHERE key = ?", (delivery.key,))
                _receipt(base, delivery.key, "fetched")
            elif len(parts) <= _MOST_PARTS:
                base.executemany(_SENDING, [(delivery.key, *part, 0) for part in parts])

    def confirm(self, delivery: str) -> None:
        """Note that the person has it, once."""
        with self._transaction() as base:
            if base.execute(_CONFIRM, (delivery,)).rowcount:
                _receipt(base, delivery, "confirmed")

    def receipts(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._base.execute(_RECEIPTS)]

    def forget_receipt(self, receipt: str) -> None:
        with self._transaction() as base:
            base.execute("DELETE FROM receipt WHERE id = ?", (receipt,))


def merged(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Parts in order of their start, with those that touch as one."""
    joined: list[tuple[int, int]] = []
    for start, stop in parts:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return joined


def _delivery(base: sqlite3.Connection, column: str, value: str | bytes) -> Delivery | None:
    row = base.execute(f"SELECT * FROM delivery WHERE {column} = ?", (value,)).fetchone()  # noqa: S608 - two names
    return Delivery(**dict(row)) if row else None


def _set(base: sqlite3.Connection, key: str, **values: str | int | bytes | None) -> None:
    columns = ", ".join(f"{name} = ?" for name in values)
    base.execute(f"UPDATE delivery SET {columns} WHERE key = ?", (*values.values(), key))  # noqa: S608 - our names


def _receipt(base: sqlite3.Connection, delivery: str, kind: str) -> None:
    row = (secrets.token_hex(16), delivery, kind, int(time.time()))
    base.execute("INSERT INTO receipt (id, delivery, kind, at) VALUES (?, ?, ?, ?)", row)


def _freeze(base: sqlite3.Connection, delivery: str) -> None:
    if base.execute(_FREEZE, (delivery,)).rowcount:
        _receipt(base, delivery, "frozen")
