"""The tampering matrix: every row is found by the product's verification and by the standalone one."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from testbed import postgres as pg
from tests.support.nightly import DATABASES, nightly_after
from tests.support.tampering import DEEDS, cut, statements
from tests.support.trail_matrix import TABLES, TOOL, Trail


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
