"""Small batches become large ones; no row is lost, doubled or moved, and memory stays bounded."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.formats.validate_file import regroup


def batches(sizes: list[int], text: str = "") -> list[pa.RecordBatch]:
    numbered = iter(range(sum(sizes)))
    return [
        pa.record_batch({"n": pa.array([f"{next(numbered)}{text}" for _ in range(size)], pa.string())})
        for size in sizes
    ]


@given(sizes=st.lists(st.integers(0, 6_000), max_size=12))
def test_the_same_rows_in_order(sizes: list[int]) -> None:
    found = list(regroup(batches(sizes)))
    assert [row["n"] for part in found for row in part.to_pylist()] == [str(n) for n in range(sum(sizes))]
    assert all(8_192 <= part.num_rows < 8_192 + 6_000 for part in found[:-1])


def test_large_values_are_not_held_until_there_are_many() -> None:
    found = list(regroup(batches([100] * 10, text="x" * 50_000)))  # 5 MB a batch
    assert [part.num_rows for part in found] == [200] * 5


def test_nothing() -> None:
    assert list(regroup([])) == []


def test_a_fault_on_the_way_is_passed_on() -> None:
    def broken():
        yield from batches([3])
        raise ValueError("half a file")

    with pytest.raises(ValueError, match="half a file"):
        list(regroup(broken()))
