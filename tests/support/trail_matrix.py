"""A trail with checkpoints on SQLite or PostgreSQL, an operator who changes it, and both verifiers."""

from __future__ import annotations

import contextlib
import io
import runpy
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tests.support.moves import moved, opened

from afschrift.domain.event import Header, NewEvent, canonical, payload_digest
from afschrift.domain.state import State
from afschrift.register import schema
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.audit import write_export
from afschrift.register.trail.checkpoint import MADE, Checkpoint, offered, parse

Rows = list[dict[str, Any]]
Found = set[tuple[str, int]]
Change = Callable[[int, dict[str, Any]], dict[str, Any]]
TABLES = ("event", "event_payload", "event_code", "segment")
TOOL = Path(__file__).parents[2] / "tools" / "verify_trail.py"


class Calendar:
    """A clock that gains a second each time it is asked, and can be set."""

    def __init__(self, year: int) -> None:
        self.now = datetime(year, 6, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Trail:
    """A register's trail with the folder of its checkpoints and the heads that bundles name."""

    def __init__(self, url: str, folder: Path, clock: Calendar, keys: KeyStore) -> None:
        self.url, self.folder, self.clock, self.keys = url, folder, clock, keys
        self.register = Register(url, keys, clock)
        self.held = folder / "held"
        self.heads: list[tuple[int | str, str]] = []
        self.rows: dict[str, Rows] = {}

    @classmethod
    def new(cls, url: str, folder: Path) -> Trail:
        """Eight years: 2010 is dropped, a request's payloads are erased, the clock went back once."""
        schema.upgrade(url)
        clock = Calendar(2010)
        trail = cls(url, folder, clock, KeyStore.create(folder / "keys.json", clock))
        trail.held.mkdir()
        return trail.fill()

    def again(self, folder: Path) -> Trail:
        """The same trail in the same database, whatever was done to it since, with files of its own."""
        self.restore()
        other = Trail(self.url, folder, Calendar(2018), self.keys)
        other.clock.now = self.clock.now
        shutil.copytree(self.held, other.held)
        other.heads = list(self.heads)
        return other

    def restore(self) -> None:
        """Give the tables the rows that they had when the trail was made."""
        self.run(
            *((f"DELETE FROM {table}", {}) for table in TABLES),
            *(
                (f"INSERT INTO {table} VALUES ({', '.join(f':{name}' for name in rows[0])})", rows)
                for table, rows in self.rows.items()
            ),
        )

    def fill(self) -> Trail:
        request = self.closed_request()
        self.count(4)
        self.clock.now = datetime(2011, 1, 1, tzinfo=UTC)
        self.count(6)
        self.checkpoint()
        self.clock.now = datetime(2018, 3, 1, tzinfo=UTC)
        self.count(3)
        self.register.trail.drop_year(2010, "retention_trail")
        self.fetch()
        later = self.closed_request()
        assert self.register.data_keys.shred(later, "retention_case")
        assert self.register.requests.get(request).state is State.REFUSED
        self.checkpoint()
        self.count(12)
        self.heads.append(self.register.trail.head())  # as a bundle has it
        self.clock.now -= timedelta(hours=1)
        self.count(3)
        self.checkpoint()
        self.count(5)
        with Database(self.url).read() as tx:
            for table in TABLES:
                self.rows[table] = [dict(row._mapping) for row in tx.execute(text(f"SELECT * FROM {table}"))]
        return self

    def closed_request(self) -> str:
        request = self.open_request()
        moved(self.register, request, State.REFUSED)
        return request

    def open_request(self) -> str:
        return opened(self.register, self.clock.now.isoformat()).id

    def count(self, events: int) -> None:
        for n in range(events):
            self.register.trail.record(None, NewEvent("counted", f"actor{n % 3}", {"n": n, "rate": 0.5}))

    def checkpoint(self) -> Checkpoint:
        made = self.register.trail.make_checkpoint()
        (self.held / made.name).write_bytes(made.content())
        return made

    def fetch(self) -> None:
        """Bring to the witness what was made beside: a dropped year makes a checkpoint of its own."""
        for header, payload in self.register.trail.checkpoint_log():
            if header.type == MADE:
                made = parse(payload)
                (self.held / made.name).write_bytes(made.content())

    def tamper(self, *statements: str, **values: object) -> None:
        """Run SQL as an operator who took the guards away."""
        self.run(*((statement, values) for statement in statements))

    def run(self, *work: tuple[str, dict[str, Any] | Rows]) -> None:
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as tx:
            if engine.dialect.name == "sqlite":
                guards = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                for name in tx.scalars(text(guards)).all():
                    tx.execute(text(f"DROP TRIGGER {name}"))
            else:
                tx.execute(text("SET LOCAL session_replication_role = replica"))
            for statement, values in work:
                tx.execute(text(statement), values)

    def rewrite(self, change: Change = lambda _seq, fields: fields) -> None:
        """Write every header anew, so that the chain is whole again; `change` alters fields by seq."""
        events = self.register.trail.events()
        prev, salt = events[0][0].prev, "00" * 32
        headers, payloads = [], []
        for header, payload in events:
            new = Header(**change(header.seq, {**vars(header), "prev": prev}))
            if payload is not None:
                new = replace(new, payload_sha256=payload_digest(payload, salt))
                payloads.append({"seq": new.seq, "payload": canonical(payload).decode(), "salt": salt})
            prev = new.digest()
            headers.append(vars(new))
        self.run(
            ("UPDATE event_payload SET payload = :payload, salt = :salt WHERE seq = :seq", payloads),
            (
                "UPDATE event SET at = :at, request = :request, type = :type, actor = :actor, "
                "payload_sha256 = :payload_sha256, prev = :prev WHERE seq = :seq",
                headers,
            ),
        )

    def last(self) -> int:
        return self.register.trail.head()[0]

    def product(self, *, checkpoints: bool = True, newest_after: str = "") -> Found:
        found = self.register.trail.verify(
            self.heads,
            checkpoints=offered([self.held]) if checkpoints else None,
            trusted=self.keys.public_keys(),
            newest_after=newest_after,
        )
        return {(f.code, f.seq) for f in found}

    def standalone(self, *, checkpoints: bool = True, more: Sequence[str] = ("--max-age=0",)) -> Found:
        export = self.folder / "export.jsonl"
        with export.open("wb") as into, Database(self.url).read() as tx:
            write_export(tx, into, "2030-01-01T00:00:00.000000Z", self.keys.public_keys())
        words = [f"--head={seq}:{digest}" for seq, digest in self.heads]
        words += [f"--checkpoint={self.held}"] if checkpoints else []
        words += [f"--key={path}" for path in self.pems()]
        out = io.StringIO()
        before = sys.argv
        sys.argv = [str(TOOL), str(export), *words, *more]
        try:
            with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as ended:
                runpy.run_path(str(TOOL), run_name="__main__")
        finally:
            sys.argv = before
        output = out.getvalue()
        assert bool(ended.value.code) is not output.startswith("whole: "), output
        return (
            set() if not ended.value.code else {(c, int(s)) for c, s in map(str.split, output.splitlines())}
        )

    def pems(self) -> list[Path]:
        paths = []
        for name, raw in self.keys.public_keys().items():
            public = Ed25519PublicKey.from_public_bytes(raw)
            paths.append(self.folder / f"{name}.pem")
            paths[-1].write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return paths
