"""Checks that the database has the tables, triggers and functions that the migrations make, and no others.

The owner of the database can replace a table by a view, or add a trigger, a rule or a row policy that shows
a gate one row and its step another. So the objects are compared with `made_objects`: by structure and not by
text, since a register that went through several migrations has its columns in another order.

Tables of other programs and indexes that an administrator added are ignored: they change no answer. Attached
databases and temporary tables need no check: only this process can add them to its connections.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files

from sqlalchemy import Connection

from afschrift.register.database.made_objects import MADE, TABLES

Found = tuple[str, str, str]
"""Kind, name and text of an object; an object may have several."""
_OUTER_COMMA = re.compile(r",(?![^()]*\))")


def differing(tx: Connection) -> list[str]:
    """Names of objects that differ from what the migrations make, are missing, or are additional."""
    made, found = MADE["sqlite" if _is_sqlite(tx) else "postgresql"], digests(tx)
    if found == made:
        return []
    return sorted(name for name in made.keys() | found.keys() if made.get(name) != found.get(name))


def digests(tx: Connection) -> dict[str, str]:
    """Name of each object of the register's schema -> digest of its definition."""
    texts = defaultdict(list)
    for kind, name, text in _sqlite(tx) if _is_sqlite(tx) else _postgresql(tx):
        texts[name].append((kind, text))
    return {name: _digest(tuple(sorted(of_one))) for name, of_one in texts.items()}


def _is_sqlite(tx: Connection) -> bool:
    return tx.dialect.name == "sqlite"


@lru_cache(maxsize=512)
def _digest(texts: tuple[tuple[str, str], ...]) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:32]


def _postgresql(tx: Connection) -> Iterable[Found]:
    return (tuple(row) for row in tx.exec_driver_sql(_statement(), {"tables": list(TABLES)}))


@cache
def _statement() -> str:
    return files(__package__).joinpath("objects_postgresql.sql").read_text(encoding="utf-8")


def _sqlite(tx: Connection) -> Iterable[Found]:
    """Objects by their SQL text alone: SQLite acts on it, and ignores the other columns of the catalogue."""
    for name, sql in tx.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"):
        others = ("CREATE INDEX ",) if name in TABLES else ("CREATE INDEX ", "CREATE TABLE ")
        if not sql.startswith(others):
            yield "object", name, _plain(sql)


@lru_cache(maxsize=512)
def _plain(sql: str) -> str:
    """A statement in a form without history: columns and constraints of a table are sorted."""
    plain = re.sub(r"\s+", " ", sql)
    table = re.fullmatch(r'CREATE TABLE "?(\w+)"? ?\((.*)\)([^)]*)', plain)
    if table is None:
        return plain
    name, body, after = table.groups()
    parts = sorted(re.sub(r'"(\w+)"', r"\1", part.strip()) for part in _OUTER_COMMA.split(body))
    return json.dumps([name, parts, after])
