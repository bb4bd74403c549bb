"""What a write remembers of the rows of a request is what the database holds, whatever it wrote meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from testbed.running import drive, hand_over, installation, store
from testbed.small import write_database, write_inventory

from afschrift.domain.event import NewEvent
from afschrift.register.database.tables import request
from afschrift.register.database.written import written
from afschrift.register.trail import trail
from afschrift.register.trail.attested_rows import ATTESTED_TABLES
from afschrift.services import Services


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))


def repr_sorted(row: dict[str, Any]) -> str:
    return repr(sorted(row.items()))


def test_cached_rows_equal_the_database_at_each_commit(services: Services) -> None:
    compared: Counter[str] = Counter()
    database = services.register.requests._db  # the one that all parts of the register share
    enter = database.before_commit
    assert enter is not None

    def compare(tx: Connection) -> Callable[[], object]:
        for (name, of), remembered in written(tx).known.items():
            table = ATTESTED_TABLES[name]
            owner = table.c.id if table is request else table.c.request_id
            there = [row._asdict() for row in tx.execute(select(table).where(owner == of))]
            rows = [row._asdict() for row in ([remembered] if table is request else remembered)]
            assert sorted(rows, key=repr_sorted) == sorted(there, key=repr_sorted), name
            compared[name] += len(there)
        return enter(tx)

    database.before_commit = compare
    asked = store(services, {"customer_id": "1"})
    drive(services, asked)
    hand_over(services, asked)

    assert {"request", "step", "fact", "delivery"} <= set(+compared)


def test_a_write_that_reads_the_trail_sees_what_it_appended(services: Services) -> None:
    asked = store(services, {"customer_id": "1"})
    with services.register.requests._db.write() as tx:
        trail.append(tx, "2026-06-01T10:00:00Z", [(asked, NewEvent("note"))])
        assert [header.type for header, _ in trail.each(tx, asked)][-1] == "note"
