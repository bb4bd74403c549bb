from __future__ import annotations

import struct
from itertools import pairwise

import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st
from xxhash import xxh3_128

from afschrift.domain.decision import Action
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.values.checksum import ColumnChecksums

FIELDS = [FieldPlan("a", ValueKind.TEXT, Action.INCLUDE, (), "test")]
texts = st.lists(st.none() | st.text(max_size=5))


def digest(*batches: pa.Array) -> str:
    checksums = ColumnChecksums(FIELDS)
    for column in batches:
        checksums.update(pa.record_batch({"a": column}))
    return checksums.digests()["a"]


def column(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


@given(texts, st.lists(st.integers(0, 10), max_size=3))
def test_batch_boundaries_do_not_matter(values: list[str | None], cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    whole = column(values)
    parts = [whole[start:end] for start, end in pairwise(bounds)]
    assert digest(*parts) == digest(whole)


@given(texts, texts)
def test_other_values_have_another_digest(first: list[str | None], other: list[str | None]) -> None:
    assume(first != other)
    assert digest(column(first)) != digest(column(other))


def test_null_empty_order_and_split_matter() -> None:
    tables = [
        ["ab", "c"],
        ["a", "bc"],
        ["c", "ab"],
        ["abc", ""],
        ["abc", None],
        [None, "abc"],
        ["abc"],
        [],
        [""],
        [None],
    ]
    assert len({digest(column(values)) for values in tables}) == len(tables)  # fmt: skip


def test_bytes_under_a_null_do_not_matter() -> None:
    garbage = pa.Array.from_buffers(
        pa.string(),
        2,
        [pa.py_buffer(b"\x01"), pa.py_buffer(struct.pack("3i", 0, 1, 4)), pa.py_buffer(b"axyz")],
    )
    assert garbage.to_pylist() == ["a", None]
    assert digest(garbage) == digest(column(["a", None]))


def test_the_digest_is_what_the_description_says() -> None:
    lengths = xxh3_128(struct.pack("=3i", 1, -1, 2))
    assert digest(column(["a", None, "é"])) == xxh3_128("aé".encode()).hexdigest() + lengths.hexdigest()
