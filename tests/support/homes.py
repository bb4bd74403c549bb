"""Registers that earlier versions made: a request that was answered, an open one with a letter, and their keys."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from testbed import postgres as pg

from afschrift.register.keys.store import KeyStore

DATA = Path(__file__).parents[1] / "unit/register/data"
HOMES = {"d2c088a2": "0012", "05af5355": "0013"}
"""Commit -> its newest revision."""


def keys(commit: str, folder: Path) -> KeyStore:
    folder.mkdir(exist_ok=True)
    file = Path(shutil.copy(DATA / f"home_{commit}/keys.json", folder))
    file.chmod(0o600)
    return KeyStore.open(file)


def on_sqlite(commit: str, file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(_statements(commit, "sqlite"))
        for table, row in _rows(commit):
            names = ", ".join(f'"{name}"' for name in row)
            connection.execute(
                f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", [*row.values()]
            )
    return f"sqlite:///{file}"


def on_postgresql(commit: str, database: pg.Database) -> str:
    """The same in a database without tables."""
    with psycopg.connect(database.libpq) as connection:
        connection.execute(_statements(commit, "postgresql").encode())
        for table, row in _rows(commit):
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            )
            connection.execute(statement, [*row.values()])
        for table in ("request_identity", "decision", "step"):
            connection.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))".encode())
    return database.url


def _statements(commit: str, dialect: str) -> str:
    return (DATA / f"home_{commit}/{dialect}.sql").read_text(encoding="utf-8")


def _rows(commit: str) -> list[tuple[str, dict[str, Any]]]:
    lines = (DATA / f"home_{commit}/rows.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        (
            table,
            {
                name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
                for name, value in row.items()
            },
        )
        for table, row in map(json.loads, lines)
    ]
