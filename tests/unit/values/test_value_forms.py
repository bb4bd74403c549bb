"""Every Arrow type that a source yields has one exact text, or an error that names the column."""

import base64
import datetime as dt
import struct
from decimal import Decimal
from itertools import pairwise

import duckdb
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from xxhash import xxh3_128

from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.values.checksum import ColumnChecksums
from afschrift.values.forms import text_batch
from afschrift.values.written import written_kind


def forms(column: pa.Array, kind: ValueKind) -> list[str | None]:
    fields = [FieldPlan("c", kind, Action.INCLUDE, (), "test")]
    (texts,) = text_batch(pa.record_batch({"c": column}), fields).columns
    assert texts.type == pa.string()
    return texts.to_pylist()


@pytest.mark.parametrize(
    ("column", "kind", "expected"),
    [
        (pa.array([1, None, -(2**63)]), ValueKind.INTEGER, ["1", None, "-9223372036854775808"]),
        (pa.array([2**64 - 1], pa.uint64()), ValueKind.INTEGER, ["18446744073709551615"]),
        (pa.array([-128], pa.int8()), ValueKind.INTEGER, ["-128"]),
        (pa.array([0.1, 1e20, -0.0]), ValueKind.NUMBER, ["0.1", "1e+20", "-0"]),
        (pa.array([0.1], pa.float32()), ValueKind.NUMBER, ["0.1"]),
        (pa.array([0.5, 65504], pa.float16()), ValueKind.NUMBER, ["0.5", "65504"]),
        (
            pa.array([float("nan"), float("inf"), float("-inf"), None]),
            ValueKind.NUMBER,
            ["NaN", "INF", "-INF", None],
        ),
        (pa.array(["1e-07", "inf", "-Infinity", "nan"]), ValueKind.NUMBER, ["1e-7", "INF", "-INF", "NaN"]),
        (
            pa.array(["1.10", "Infinity", "NaN", "0.00000000000000000001"]),
            ValueKind.DECIMAL,
            ["1.10", "INF", "NaN", "0.00000000000000000001"],
        ),
        (pa.array([Decimal("0.00000000000000000001")]), ValueKind.DECIMAL, ["0.00000000000000000001"]),
        (pa.array([True, False, None]), ValueKind.BOOLEAN, ["true", "false", None]),
        (pa.array([b"\x00\xff", b"", None]), ValueKind.BINARY, ["AP8=", "", None]),
        (pa.array([b"x"], pa.binary(1)), ValueKind.BINARY, ["eA=="]),
        (pa.array([dt.date(2024, 2, 29), None]), ValueKind.DATE, ["2024-02-29", None]),
        (pa.array([dt.time(1, 2, 3), dt.time(1, 2, 3, 4)]), ValueKind.TIME, ["01:02:03", "01:02:03.000004"]),
        (pa.array(["a", "", None]).dictionary_encode(), ValueKind.TEXT, ["a", "", None]),
        (pa.array(["a\x00é", None], pa.large_string()), ValueKind.TEXT, ["a\x00é", None]),
        (pa.array(["a", None], pa.string_view()), ValueKind.TEXT, ["a", None]),
        (pa.nulls(2), ValueKind.TEXT, [None, None]),
        (pa.array(["{}"], pa.json_()), ValueKind.JSON, ["{}"]),
    ],
)
def test_plain_types(column: pa.Array, kind: ValueKind, expected: list[str | None]) -> None:
    assert forms(column, kind) == expected
    assert forms(pa.concat_arrays([column, column])[len(column) :], kind) == expected  # a slice


@given(st.lists(st.floats(), min_size=1))
def test_a_float_reads_back_to_the_bit(values: list[float]) -> None:
    spelt = {"NaN": "nan", "INF": "inf", "-INF": "-inf"}
    for value, text in zip(values, forms(pa.array(values, pa.float64()), ValueKind.NUMBER), strict=True):
        assert text is not None
        again = float(spelt.get(text, text))
        assert again != again if value != value else struct.pack("d", again) == struct.pack("d", value)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_a_float_of_32_bits_is_written_no_longer_than_needed(values: list[float]) -> None:
    for value, text in zip(values, forms(pa.array(values, pa.float32()), ValueKind.NUMBER), strict=True):
        assert text is not None
        assert struct.pack("f", float(text)) == struct.pack("f", value)
        assert len(text.lstrip("-").split("e")[0].replace(".", "").strip("0")) <= 9


@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**20), max_value=10**20)
    )
)
def test_a_decimal_keeps_every_digit(values: list[Decimal]) -> None:
    texts = forms(pa.array(values, pa.decimal128(38, 12)), ValueKind.DECIMAL)
    assert [Decimal(text or "") for text in texts] == values
    assert not any("E" in (text or "") for text in texts)


@given(st.lists(st.binary()))
def test_binary_is_base64(values: list[bytes]) -> None:
    texts = forms(pa.array(values, pa.binary()), ValueKind.BINARY)
    assert [base64.b64decode(text or "", validate=True) for text in texts] == values


@pytest.mark.parametrize("text", ["{secret}", "", "[1", "01", '"a\nb"', "NaN", "[" * 100_000])
def test_text_that_is_no_document_names_the_column_and_the_way_out(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Column c .*no JSON document.*kind: text") as caught:
        forms(pa.array(["{}", text]), ValueKind.JSON)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1], pa.duration("s")),
        pa.array([pa.MonthDayNano([1, 2, 3])]),
        pa.array([[dt.timedelta(1)]]),
        pa.array([[1]], pa.list_view(pa.int8())),
        pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]),
    ],
)
def test_a_type_that_is_not_known_names_the_column(column: pa.Array) -> None:
    with pytest.raises(ConfigurationError, match=r"Column c has the type .* which has no value form"):
        forms(column, ValueKind.TEXT)


def test_an_invalid_number_is_reported_without_the_value() -> None:
    with pytest.raises(ConfigurationError, match="Column c holds values that do not fit") as caught:
        forms(pa.array(["secret"]), ValueKind.NUMBER)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("nested", [False, True])
def test_bytes_that_are_not_utf_8_name_the_column_and_not_themselves(nested: bool) -> None:
    column = pa.array([b"secret\xff"], pa.binary()).view(pa.string())
    if nested:
        column = pa.ListArray.from_arrays([0, 1], column)
    with pytest.raises(ConfigurationError, match="Column c holds bytes that are not UTF-8") as caught:
        forms(column, ValueKind.TEXT)
    assert "secret" not in str(caught.value)


def test_columns_that_are_not_in_the_plan_are_refused() -> None:
    fields = [FieldPlan("c", ValueKind.TEXT, Action.INCLUDE, (), "test")]
    for batch in (pa.record_batch({"d": ["x"]}), pa.record_batch({"c": ["x"], "d": ["y"]})):
        with pytest.raises(ConfigurationError, match="not the 1 columns of the plan"):
            text_batch(batch, fields)


def test_a_column_without_kind_names_itself() -> None:
    field = FieldPlan("c", None, Action.INCLUDE, (), "test")
    with pytest.raises(ConfigurationError, match="Column c has no known type"):
        text_batch(pa.record_batch({"c": ["x"]}), [field])
    with pytest.raises(ConfigurationError, match="Column c"):
        written_kind(field)


def test_a_masked_column_is_written_as_text() -> None:
    field = FieldPlan("c", ValueKind.INTEGER, Action.MASK, (), "test", mask="label")
    assert written_kind(field) is ValueKind.TEXT
    assert text_batch(pa.record_batch({"c": [1]}), [field]).to_pydict() == {"c": ["1"]}


@given(
    st.lists(st.none() | st.datetimes() | st.datetimes().map(lambda m: m.replace(microsecond=0)), min_size=1)
)
def test_text_cast_by_duckdb_and_arrow_timestamps_have_one_form(moments: list[dt.datetime | None]) -> None:
    expected = [None if m is None else m.isoformat() for m in moments]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("moments", pa.table({"m": pa.array(moments, pa.timestamp("us"))}))
        query = "SELECT m::VARCHAR AS local, (m AT TIME ZONE 'UTC')::VARCHAR AS instant FROM moments"
        cast = connection.sql(query).to_arrow_table().combine_chunks().to_batches()[0]
    assert forms(cast["local"], ValueKind.DATETIME) == expected
    assert forms(pa.array(moments, pa.timestamp("us")), ValueKind.DATETIME) == expected
    instants = [None if text is None else f"{text}Z" for text in expected]
    assert forms(cast["instant"], ValueKind.INSTANT) == instants
    assert forms(pa.array(moments, pa.timestamp("us", "Europe/Amsterdam")), ValueKind.INSTANT) == instants


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
    two: tuple[list[str | None], ...] = (["ab", "c"], ["a", "bc"], ["c", "ab"], ["abc", ""], ["abc", None])
    tables = [*two, [None, "abc"], ["abc"], [], [""], [None]]
    assert len({digest(column(values)) for values in tables}) == len(tables)


def test_bytes_under_a_null_do_not_matter() -> None:
    buffers = [pa.py_buffer(part) for part in (b"\x01", struct.pack("3i", 0, 1, 4), b"axyz")]
    garbage = pa.Array.from_buffers(pa.string(), 2, buffers)
    assert garbage.to_pylist() == ["a", None]
    assert digest(garbage) == digest(column(["a", None]))


def test_the_digest_is_what_the_description_says() -> None:
    lengths = xxh3_128(struct.pack("=3i", 1, -1, 2))
    assert digest(column(["a", None, "é"])) == xxh3_128("aé".encode()).hexdigest() + lengths.hexdigest()
