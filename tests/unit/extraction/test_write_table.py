import gc
import hashlib
import itertools
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.writing_ways import writing_way

from afschrift.domain.decision import Action
from afschrift.domain.extracted import TableExtract
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.write import BackgroundWorker, TableWriter, cut, slices
from afschrift.formats.registry import FORMATS
from afschrift.services import WriteLimits
from afschrift.staging.encrypted import EncryptedStaging

FIELDS = tuple(FieldPlan(name, ValueKind.TEXT, Action.INCLUDE, (), "") for name in ("a", "b"))
PLAN = ExtractPlan("shop", "note", FIELDS, "SELECT")
TEXTS = st.lists(st.tuples(st.none() | st.text(max_size=9), st.none() | st.text(max_size=9)), max_size=30)


def batch(rows: list[tuple[str | None, str | None]]) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [(), ()]
    return pa.record_batch({"a": pa.array(columns[0], pa.string()), "b": pa.array(columns[1], pa.string())})


def size(row: tuple[str | None, str | None]) -> int:
    return 2 + sum(len((value or "").encode()) for value in row)


__all__ = ["writing_way"]
pytestmark = pytest.mark.usefixtures("writing_way")


@pytest.fixture
def staging(tmp_path: Path) -> EncryptedStaging:
    return EncryptedStaging(tmp_path, "req-0123456789ab", b"k" * 32)


def content(staging: EncryptedStaging, path: str) -> bytes:
    with staging.reader(f"data/{path}") as stream:
        return zlib.decompress(stream.read(), wbits=-15)


def write(
    staging: EncryptedStaging,
    batches: list[pa.RecordBatch],
    formats: tuple[str, ...] = ("csv",),
    **limits: int,
) -> TableExtract:
    writer = TableWriter(staging, PLAN, [FORMATS[name] for name in formats], WriteLimits(**limits))
    return writer.write(lambda: iter(batches), {})


def test_every_format_holds_what_its_entry_says(staging: EncryptedStaging) -> None:
    rows = [(f"text {n}", None if n % 3 else "") for n in range(5_000)]
    table = write(staging, [batch(rows[:1]), batch(rows[1:])], ("csv", "json"), batch_bytes=4_096)
    assert table.rows == 5_000
    for entry in table.files:
        plain = content(staging, entry.path)
        assert (entry.bytes, entry.crc32) == (len(plain), zlib.crc32(plain))
        assert entry.sha256 == hashlib.sha256(plain).hexdigest()
        with staging.reader(f"data/{entry.path}") as stream:
            deflated = stream.read()
        assert (entry.deflated_bytes, entry.deflated_sha256) == (
            len(deflated),
            hashlib.sha256(deflated).hexdigest(),
        )
    assert content(staging, "shop/note.csv").count(b"\r\n") == 5_001


@given(TEXTS, st.integers(1, 60), st.integers(1, 30))
def test_parts_do_not_depend_on_how_rows_are_batched(
    rows: list[tuple[str | None, str | None]], limit: int, at: int
) -> None:
    def parts(batches: list[pa.RecordBatch]) -> list[list[tuple[str | None, str | None]]]:
        found: list[list[tuple[str | None, str | None]]] = [[]]
        taken = 0
        for text in batches:
            for piece in cut(text, limit, taken):
                if piece is None:
                    found.append([])
                    taken = 0
                else:
                    these = [(row["a"], row["b"]) for row in piece.to_pylist()]
                    found[-1] += these
                    taken += sum(map(size, these))
        return found

    whole = parts([batch(rows)])
    assert parts([batch(rows[:at]), batch(rows[at:])]) == whole
    assert [row for part in whole for row in part] == rows
    for part, following in itertools.pairwise(whole):
        assert sum(map(size, part)) <= limit or len(part) == 1
        assert sum(map(size, part)) + size(following[0]) > limit


def test_a_large_table_goes_into_parts_with_a_header_each(staging: EncryptedStaging) -> None:
    rows = [(f"{n:04}", "x" * 44) for n in range(100)]
    table = write(staging, [batch(rows)], ("csv", "json"), part_bytes=1_000)
    assert [part.rows for part in table.parts] == [20] * 5
    assert [entry.path for entry in table.files[:4]] == [
        "shop/note.csv",
        "shop/note.json",
        "shop/note.2.csv",
        "shop/note.2.json",
    ]
    assert content(staging, "shop/note.5.csv").startswith(b"a,b\r\n0080,")


def test_a_marker_that_is_a_value_is_replaced_in_every_part(staging: EncryptedStaging) -> None:
    rows = [(f"{n}", "x" * 50) for n in range(10)] + [("\\N", None)]
    table = write(staging, [batch(rows)], part_bytes=200)
    assert {entry.options["null"] for entry in table.files} == {"\\NULL"}
    assert content(staging, table.files[-1].path).endswith(b"\\N,\\NULL\r\n")


@pytest.mark.parametrize(("batches", "by_itself"), [(3, True), (300, False)])
def test_many_small_batches_are_no_little_table(
    staging: EncryptedStaging, monkeypatch: pytest.MonkeyPatch, batches: int, by_itself: bool
) -> None:
    """Sources give a thousand rows at a time and wait for the next: they need not wait for the files too."""
    monkeypatch.setattr("afschrift.extraction.write.LITTLE", 1 << 18)
    here: list[bool] = []

    def writer(*given: Any) -> Any:
        inner = FORMATS["csv"].writer(*given)

        class Noting:
            options, close = inner.options, inner.close

            def write(self, rows: pa.RecordBatch) -> None:
                here.append(threading.current_thread() is threading.main_thread())
                inner.write(rows)

        return Noting()

    large = batch([(f"text {n}", "x" * 30) for n in range(100)])
    noting = TableWriter(staging, PLAN, [replace(FORMATS["csv"], writer=writer)], WriteLimits())
    assert noting.write(lambda: iter([large] * batches), {}).rows == 100 * batches
    assert (here[0], here[-1]) == (True, by_itself)


class Failing:
    """A staging whose second file breaks on writing."""

    def __init__(self, inner: EncryptedStaging) -> None:
        self.inner = inner
        self.opened = 0

    def writer(self, path: str) -> AbstractContextManager[BinaryIO]:
        self.opened += 1
        if self.opened == 2:
            raise OSError("no room")
        return self.inner.writer(path)


def test_a_failed_write_leaves_no_file_and_no_thread(staging: EncryptedStaging) -> None:
    before = threading.active_count()

    def broken() -> Iterator[pa.RecordBatch]:
        yield batch([("a", "b")] * 1_000)
        raise ConnectionError("gone")

    writer = TableWriter(staging, PLAN, [FORMATS["csv"], FORMATS["json"]], WriteLimits())
    with pytest.raises(ConnectionError):
        writer.write(broken, {})
    failing = TableWriter(Failing(staging), PLAN, [FORMATS["csv"], FORMATS["json"]], WriteLimits())  # type: ignore[arg-type]
    with pytest.raises(OSError, match="no room"):
        failing.write(lambda: iter([batch([("a", "b")])]), {})
    assert not staging.exists("data/shop/note.csv")
    assert threading.active_count() == before


def test_an_error_of_the_worker_reaches_the_caller() -> None:
    def work(item: int) -> None:
        if item == 2:
            raise ValueError("two")

    with BackgroundWorker(work) as worker, pytest.raises(ValueError, match="two"):
        for item in range(9):
            worker(item)
    assert item == 3  # the hand-over after it


def test_slices_stay_below_the_limit() -> None:
    whole = batch([("x" * 100, "y")] * 1_000)
    pieces = list(slices(whole, 2_000))
    assert sum(piece.num_rows for piece in pieces) == 1_000
    assert max(piece.nbytes for piece in pieces) <= 2_200


class Held:
    """Something open, such as a stream of rows."""


def _fails(held: Held) -> None:
    raise ValueError


def test_an_error_keeps_nothing_open_until_garbage_is_collected() -> None:
    held = Held()
    known = weakref.ref(held)
    gc.disable()
    try:
        with pytest.raises(ValueError), BackgroundWorker(_fails) as worker:
            worker(held)
            worker.wait()
        del held, worker
        assert known() is None
    finally:
        gc.enable()
