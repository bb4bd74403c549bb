"""A plan reads the versions of tables that were there when it was made, or at the receipt where a source asks."""

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from testbed import small
from testbed.running import installation
from tests.support.driving import assessed, extracted, payloads, planned
from tests.support.log_lakes import by_pyiceberg, write_sqlite
from tests.support.moves import classify, deliver, extract, package, validate
from tests.support.nightly import nightly_after
from tests.support.watched.killing import reached

from afschrift.domain.errors import VersionGoneError
from afschrift.domain.instants import rfc3339
from afschrift.services import Services

KINDS = ("delta", "iceberg")


def lake(home: Path, kind: str, **options: str) -> tuple[Services, Path]:
    """The shop as a lake."""
    folder, source = home / "lake", home / "shop.sqlite"
    home.mkdir(exist_ok=True)
    small.write_database(source)
    write_sqlite(source, folder, kind)
    more = "".join(f", {name}: {value}" for name, value in options.items())
    text = small.SHOP.replace("kind: sqlite", f"kind: {kind}").replace(
        '{path: "${MINI_SHOP}"}', f'{{root: "{folder}"{more}}}'
    )
    return installation(home, small.write_inventory(home / "inventory", text)), folder


def add(table: Path, kind: str, **row: Any) -> None:
    """Commit a row."""
    if kind == "delta":
        schema = pa.schema(DeltaTable(str(table)).schema().to_arrow())
        write_deltalake(str(table), pa.Table.from_pylist([row], schema), mode="append")
    else:
        by_pyiceberg(
            table, lambda opened: opened.append(pa.Table.from_pylist([row], opened.schema().as_arrow()))
        )


class Counted:
    """A session that calls `at` with the number of each statement that it is asked for."""

    def __init__(self, session: Any, at: Callable[[str], None]) -> None:
        self._session, self._at, self._numbers = session, at, count()

    def __getattr__(self, name: str) -> Any:
        if name in ("rows", "stream", "reconciliation"):
            self._at(str(next(self._numbers)))
        return getattr(self._session, name)

    def __enter__(self) -> Any:
        self._session.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.__exit__(*exc)


def extract_until(place: str, home: Path, request: str) -> None:
    """In a process of its own: it kills itself when a statement is asked for, or before or after the commit."""
    services = installation(home, home / "inventory")

    def at(reached: str) -> None:
        if reached == place:
            os.kill(os.getpid(), signal.SIGKILL)

    def opened(*given: Any, **more: Any) -> Any:
        return Counted(services.open_source(*given, **more), at)

    with reached(at):
        extract(replace(services, open_source=opened), request, "shop")


PLACES = (*map(str, range(8)), "before extracted shop", "after extracted shop")
SOME = (PLACES[5], PLACES[-1])


@pytest.mark.parametrize(
    ("places", "kind"), nightly_after(1, [(SOME, "delta"), *((PLACES, kind) for kind in KINDS)])
)
def test_a_killed_extract_reads_the_same_bytes_though_the_table_changed(
    places: tuple[str, ...], kind: str, tmp_path: Path
) -> None:
    services, folder = lake(tmp_path / "home", kind)
    request = planned(services)
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    undisturbed = installation(tmp_path / "copy", tmp_path / "home" / "inventory")
    first = extract(undisturbed, request, "shop")
    for number, place in enumerate(places):
        given = (place, tmp_path / "home", request)
        process = get_context("spawn").Process(target=extract_until, args=given)
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL, place
        add(folder / "orders", kind, order_id=100 + number, customer_id=1, ordered_at=None)
        classify(services, request)
    assert extract(services, request, "shop") == first
    [before], [again] = (payloads(of, request, "extracted") for of in (undisturbed, services))
    assert [again[name] for name in ("versions", "snapshot")] == [
        before[name] for name in ("versions", "snapshot")
    ]
    for step in (validate, package, deliver):
        step(services, request)
    other = installation(tmp_path / "other", tmp_path / "home" / "inventory")
    [today] = payloads(other, extracted(other), "extracted")
    assert (again["tables"]["orders"], today["tables"]["orders"]) == (2, 2 + len(places))


def remove(folder: Path, kind: str) -> None:
    """Remove what the current version alone needs, after another commit."""
    table = folder / "orders"
    if kind == "delta":
        opened = DeltaTable(str(table))
        opened.delete("order_id = 10")
        opened.vacuum(0, dry_run=False, enforce_retention_duration=False)
        return

    def expire(opened: Any) -> None:
        opened.delete("order_id = 10")
        old = [of.snapshot_id for of in opened.snapshots()[:-1]]
        opened.maintenance.expire_snapshots().by_ids(old).commit()

    by_pyiceberg(table, expire)


@pytest.mark.parametrize("kind", KINDS)
def test_a_version_that_was_removed_is_said_and_chosen_anew(kind: str, tmp_path: Path) -> None:
    services, folder = lake(tmp_path, kind)
    request = planned(services)
    remove(folder, kind)
    for _ in range(2):
        with pytest.raises(VersionGoneError, match=r"of shop.orders, .* was removed .* clear `classify`"):
            extract(services, request, "shop")
    [gone] = payloads(services, request, "version_gone")
    assert (gone["source"], gone["table"]) == ("shop", "orders")
    assert classify(services, request)["plan"] != gone["plan"]
    assert extract(services, request, "shop")["rows"]
    assert payloads(services, request, "extracted")[0]["tables"]["orders"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_at_the_receipt_is_read_where_the_log_has_it(kind: str, tmp_path: Path) -> None:
    services, folder = lake(tmp_path, kind, as_of="receipt")
    early, late = (installation(tmp_path / str(n), tmp_path / "inventory") for n in range(2))
    now = rfc3339(datetime.now(UTC))
    request = assessed(services, received_at=now)
    add(folder / "orders", kind, order_id=100, customer_id=1, ordered_at=None)

    def read(of: Services, request: str) -> tuple[list[str], str, int]:
        classify(of, request)
        extract(of, request, "shop")
        [frozen], [read] = (payloads(of, request, event) for event in ("plan_frozen", "extracted"))
        return frozen.get("not_at_receipt", []), read["snapshot"], read["tables"]["orders"]

    assert read(services, request) == ([], now, 2)
    tables = ["customer", "orders", "ticket", "ticket_message"]
    past, at, orders = read(early, assessed(early))  # received before the tables were written
    assert (past, at > now, orders) == ([f"shop.{table}" for table in tables], True, 3)
    remove(folder, kind)
    past, at, orders = read(late, assessed(late, received_at=now))
    assert (past, at > now, orders) == (["shop.orders"], True, 2)
