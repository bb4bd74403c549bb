"""An attacker with write access to the database of the register, and without the keys of the service."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from afschrift.domain.event import Header, canonical, payload_digest


class Operator:
    """An attacker with SQL on the register; `unguarded`: the triggers are removed too."""

    def __init__(self, home: Path) -> None:
        self._file = home / "register.db"

    def run(self, *statements: str, unguarded: bool = False, **values: object) -> None:
        with closing(sqlite3.connect(self._file)) as connection, connection:
            guards = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in guards if unguarded else ():
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement, values)
            for _, made in guards if unguarded else ():
                connection.execute(made)

    def ask(self, query: str, **values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self._file)) as connection:
            return connection.execute(query, values).fetchall()

    def append(self, request: str, kind: str, payload: dict[str, object]) -> None:
        """An event that fits the chain, as anybody can make it."""
        last = Header(*self.ask("SELECT * FROM event ORDER BY seq DESC LIMIT 1")[0])
        salt = "5a" * 32
        header = Header(
            last.seq + 1, last.at, request, kind, "cli:anna", payload_digest(payload, salt), last.digest()
        )
        self.run(
            "INSERT INTO event VALUES (:seq, :at, :request, :type, :actor, :payload_sha256, :prev)",
            **vars(header),
        )
        self.run(
            "INSERT INTO event_payload (seq, payload, salt) VALUES (:seq, :payload, :salt)",
            seq=header.seq, payload=canonical(payload).decode(), salt=salt,
        )  # fmt: skip
