"""Each row of the tampering matrix is found by both verifiers; a register that was set back opens nothing."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from testbed import postgres as pg
from testbed import registers
from tests.support.moves import moved
from tests.support.nightly import DATABASES, both_databases, nightly_after
from tests.support.tampering import DEEDS, cut, statements
from tests.support.trail_matrix import TABLES, TOOL, Trail
from tests.unit.conftest import Open, Sql

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request, new_id
from afschrift.domain.state import State
from afschrift.law import dispute
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.differences import ForgedError
from afschrift.register.trail.height import Height


@pytest.fixture(scope="module", params=nightly_after(1, DATABASES))
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    folder = tmp_path_factory.mktemp("trail")
    if request.param == "sqlite":
        yield Trail.new(f"sqlite:///{folder}/register.db", folder)
        return
    server: pg.Server = request.getfixturevalue("postgres_server")
    database = server.create()
    yield Trail.new(database.url, folder)
    server.drop(database)


@pytest.fixture
def trail(original: Trail, tmp_path: Path) -> Trail:
    return original.again(tmp_path)


@pytest.mark.parametrize("name", DEEDS)
def test_both_verifiers_find_it(trail: Trail, name: str) -> None:
    tamper, codes = DEEDS[name]
    tamper(trail)
    found = trail.product()
    assert set(codes.split()) <= {code for code, _ in found}, found
    assert trail.standalone() == found


@pytest.mark.parametrize("column", ["at", "request", "type", "payload_sha256", "prev"])
def test_a_changed_column_of_a_header_is_found(trail: Trail, column: str) -> None:
    seq = trail.last() - 20
    trail.tamper(f"UPDATE event SET {column} = 'x' WHERE seq = :seq", seq=seq)
    assert {at for _, at in trail.product()} & {seq, seq + 1}


def test_a_clean_trail_gives_no_finding(trail: Trail) -> None:
    events = trail.register.trail.events()
    assert events[0][0].seq > 1
    assert {payload is None for _, payload in events} == {True, False}
    assert "clock_went_back" in {header.type for header, _ in events}
    heads = [(header.seq, header.digest()) for header, _ in events]
    trail.heads += [*heads, (0, "0" * 64), (1, "f" * 64)]  # a dropped year has no head that is compared
    trail.heads += [(header.at, header.digest()) for header, _ in events]  # of bundles without a number
    trail.heads += [("2010-06-01T12:00:00Z", "f" * 64), ("2010-06-01T12:00:00Z", events[0][0].prev)]
    assert trail.product() == set() == trail.standalone()


def test_the_last_header_dropped_is_still_compared(trail: Trail) -> None:
    first = trail.register.trail.events()[0][0]
    trail.heads.append((first.seq - 1, first.prev))
    assert trail.product() == set() == trail.standalone()
    trail.heads.append((first.seq - 1, "f" * 64))
    assert trail.product() == {("head_differs", first.seq - 1)} == trail.standalone()


def test_a_trail_set_back_with_its_checkpoints_shows_by_their_age(trail: Trail) -> None:
    """Everything after the third checkpoint is gone, here and at the place: all that is left agrees."""
    third = statements(trail)[3].statement
    (trail.held / statements(trail)[4].name).unlink()
    trail.heads.clear()
    cut(trail, third.seq + 2, trail.last())
    assert trail.product() == set() == trail.standalone()
    stale = {("checkpoint_stale", third.seq)}
    assert trail.product(newest_after="2018-03-02T00:00:00.000000Z") == stale
    assert trail.standalone(more=()) == stale


def test_a_place_that_holds_nothing_witnesses_nothing(trail: Trail) -> None:
    """The trail is emptied and so is the place: no number is missing."""
    for file in trail.held.iterdir():
        file.unlink()
    trail.tamper(*(f"DELETE FROM {table}" for table in TABLES))
    trail.heads.clear()
    assert trail.product() == set() == trail.standalone()
    stale = {("checkpoint_stale", 0)}
    assert trail.product(newest_after="2018-03-02T00:00:00.000000Z") == stale == trail.standalone(more=())


def verify_file(export: Path, keys: Sequence[Path] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(TOOL), str(export), *(f"--key={path}" for path in keys)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_truncated_or_invalid_export_is_reported(trail: Trail) -> None:
    trail.standalone()
    export = trail.folder / "export.jsonl"
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join(lines[:-3]))
    done = verify_file(export, trail.pems())
    assert done.returncode == 1
    assert done.stdout.split() == ["export_cut", str(trail.last() - 2)]

    export.write_bytes(b"".join([lines[0].replace(b"afschrift-trail/1", b"afschrift-trail/9"), *lines[1:]]))
    assert verify_file(export, trail.pems()).stdout.split() == ["export_unknown", "0"]

    export.write_bytes(b"".join(lines)[:-20])
    done = verify_file(export)
    assert done.returncode == 2
    assert "is no export of a trail, or damaged" in done.stderr
    assert verify_file(trail.folder / "nothing.jsonl").returncode == 2


def test_standalone_verifier_is_short_and_independent() -> None:
    source = TOOL.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 170
    nodes = list(ast.walk(ast.parse(source)))
    names = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    tops = {name.partition(".")[0] for name in names}
    assert tops - set(sys.stdlib_module_names) == {"rfc8785", "cryptography"}


DESTROYING: dict[str, Callable[[Register, str], object]] = {
    "a data key": lambda register, request: register.data_keys.shred(request, "retention_identity"),
    "stray data keys": lambda register, _: register.data_keys.shred_strays("restoration"),
    "older wrapping keys": lambda register, _: register.keys.retire_keks(),
    "an index key": lambda register, _: register.keys.forget_year(2026),
    "a year of the trail": lambda register, _: register.trail.drop_year(2026, "retention_trail"),
}


def cut_off(as_operator: Sql, after: int, *more: str, **values: object) -> None:
    tables = ("event_code", "event_payload", "event")
    as_operator(*(f"DELETE FROM {name} WHERE seq > :after" for name in tables), *more, after=after, **values)


def found(register: Register, request: str) -> list[tuple[str, int]]:
    return [(d.code, d.seq) for d in register.evidence.of_request(request)]


@both_databases
def test_events_since_a_decision_deleted(register: Register, opened: Request, as_operator: Sql) -> None:
    register.decisions.take(opened.id, "identity", "confirmed", "officer")
    before = register.trail.head()[0]
    register.decisions.take(opened.id, "identity", "not_confirmed", "officer")
    came_to = register.trail.head()[0]
    cut_off(as_operator, before, "DELETE FROM decision WHERE choice = 'not_confirmed'")

    for _ in range(3):  # what is written meanwhile makes it no better, also past that number
        assert found(register, opened.id) == [("register_set_back", came_to)]
        assert [d.code for d in register.evidence.differences()] == ["register_set_back"]
        register.trail.record(None, NewEvent("counted"))


@pytest.mark.parametrize("destroy", DESTROYING.values(), ids=DESTROYING)
def test_nothing_is_destroyed_in_a_register_whose_hold_was_cut_off(
    register: Register,
    open_one: Open,
    as_operator: Sql,
    keys: KeyStore,
    clock: Any,
    destroy: Callable[[Register, str], object],
) -> None:
    request = open_one()
    moved(register, request.id, State.WITHDRAWN)
    before = register.trail.head()[0]
    held = dispute.hold(register.disputes.timelines(request.id), date(2026, 3, 2), new_id("hold"), "court")
    register.disputes.record(request.id, lambda _: held, "officer")
    stray = open_one()
    came_to = register.trail.head()[0]
    rows = (
        *("DELETE FROM fact", "DELETE FROM request_identity WHERE request_id = :stray"),
        *("DELETE FROM message WHERE case_id = :case", "DELETE FROM request WHERE id = :stray"),
        "DELETE FROM case_file WHERE id = :case",
    )
    cut_off(as_operator, before, *rows, stray=stray.id, case=stray.case)
    keys.rotate()
    clock.now = clock.now.replace(year=2040)
    register.trail.make_checkpoint()

    def there() -> tuple[object, ...]:
        return register.keys.uses(), keys.listing(), register.data_keys.strays(), register.trail.head()

    kept = there()
    with pytest.raises(ForgedError, match=rf"lacks event {came_to}, .*set back.*register restored.*--sign"):
        destroy(register, request.id)
    assert there() == kept


def test_older_snapshot_is_not_taken_for_a_set_back_register(
    register: Register, opened: Request, url: str, tmp_path: Path
) -> None:
    other = Register(url, KeyStore.open(tmp_path / "keys" / "keys.json"))
    with register.read_snapshot():
        assert found(register, opened.id) == []
        other.trail.record(None, NewEvent("counted"))
        assert found(register, opened.id) == []


def test_register_works_where_no_height_can_be_kept(
    register: Register, opened: Request, tmp_path: Path, keys: KeyStore
) -> None:
    [file] = (tmp_path / "keys").glob(".keys.json.height-*")
    file.unlink()
    file.mkdir()  # as unwritable, also to root
    register.trail.record(None, NewEvent("counted"))
    with pytest.raises(ConfigurationError, match=r"height-.* cannot be read"):
        found(register, opened.id)
    file.rmdir()
    register.trail.record(None, NewEvent("counted"))
    assert found(register, opened.id) == []

    other = Register(registers.place(tmp_path / "other.db"), keys)  # has a height of its own
    other.trail.record(None, NewEvent("counted"))
    assert list(other.evidence.differences()) == []
    assert len(list((tmp_path / "keys").glob(".keys.json.height-*"))) == 2


def test_a_height_moves_on_and_never_back(register: Register, url: str) -> None:
    register.trail.record(None, NewEvent("counted"))
    with Database(url).read() as tx:
        kept = register.store.height_keeper.of(tx)
        assert tx.execute(text("SELECT count(*) FROM event")).scalar() == 1
    assert kept is not None
    seq, head = register.trail.head()
    assert kept.read() == Height(0, seq, head)
    assert kept.keep(Height(0, 0, "x"))
    assert kept.read() == Height(0, seq, head)
    assert kept.keep(Height(1, 0, "y" * 64))
    assert kept.read() == Height(1, 0, "y" * 64)
