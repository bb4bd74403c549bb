"""Every registered format writes what its reader finds again, and no corruption goes unseen."""

import io
import itertools
from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.nightly import nightly_after
from tests.support.properties import fewer
from tests.unit.formats.random_tables import (
    AWKWARD,
    SYNTAX,
    Written,
    field,
    syntax_tables,
    tables,
    text_rows,
    write,
)

from afschrift.domain.decision import Action
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.file_finding import FileFinding
from afschrift.formats.registry import FORMATS
from afschrift.formats.validate_file import validate
from afschrift.values.forms import text_batch

pytestmark = pytest.mark.parametrize("name", sorted(FORMATS))
FIELDS = [
    field("id", ValueKind.INTEGER),
    field("Note", ValueKind.TEXT),
    field("note", ValueKind.TEXT),
    field("price", ValueKind.DECIMAL),
    field("at", ValueKind.INSTANT),
]


def batch(rows: Sequence[tuple[str | None, ...]], fields: list[FieldPlan] = FIELDS) -> pa.RecordBatch:
    return text_rows(fields, *rows)


ROWS: list[tuple[str | None, ...]] = [
    ("1", "plain", None, "1.10", "2024-01-01T10:00:00Z"),
    ("2", "", "é 👩‍👩‍👧", None, "2024-01-02T10:00:00.500000Z"),
    ("3", 'a "quoted",\r\nsecond line', "x", "-0.000001", None),
    ("9007199254740993", None, "", "5", "infinity"),
]


def found(written: Written, fields: list[FieldPlan] = FIELDS) -> list[FileFinding]:
    return validate(written.entry, io.BytesIO(written.data), fields, written.rows, written.checksums)


def corrupted(
    name: str, rows: list[tuple[str | None, ...]], fields: list[FieldPlan] = FIELDS
) -> list[FileFinding]:
    """Findings about another table's file whose size and digest are right."""
    other = write(name, fields, batch(rows, fields))
    return found(write(name, FIELDS, batch(ROWS)).with_data(other.data))


def everywhere(name: str, data: bytes) -> range:
    """Positions all over a file, a hundred and fifty at most; a reader that starts a database sees fewer."""
    return range(0, len(data), 1 + len(data) // (20 if name == "parquet" else 150))


def test_a_format_has_a_name_a_type_and_a_reader(name: str) -> None:
    adapter = FORMATS[name]

    assert adapter.name == name
    assert adapter.extension.isalnum()
    assert "/" in adapter.media_type


@fewer(4)
@given(table=tables(min_rows=1), cut=st.integers(0, 8))
def test_batches_leave_no_trace(name: str, table: tuple[list[FieldPlan], pa.RecordBatch], cut: int) -> None:
    fields, rows = table
    whole = write(name, fields, rows)
    parts = write(name, fields, rows.slice(0, cut), rows.slice(0, 0), rows.slice(cut))
    if whole.entry.options == parts.entry.options:
        assert parts.data == whole.data
    assert parts.checksums == whole.checksums


def test_one_column_of_one_awkward_text(name: str) -> None:
    fields = [field("only", ValueKind.TEXT)]
    for value in AWKWARD:
        written = write(name, fields, batch([(value,), (None,), ("",), (value,)], fields))
        assert found(written, fields) == [], value


@given(table=syntax_tables())
def test_texts_made_of_syntax_read_back(name: str, table: tuple[list[FieldPlan], pa.RecordBatch]) -> None:
    fields, batch = table
    rows = text_batch(batch, fields)
    written = write(name, fields, rows)
    assert found(written, fields) == []
    read = list(FORMATS[name].reader(io.BytesIO(written.data), fields, written.entry.options))
    assert [row for part in read for row in part.to_pylist()] == rows.to_pylist()


WITHIN: tuple[Callable[[str, pa.Array], pa.Array], ...] = (
    lambda text, inner: pa.StructArray.from_arrays([inner], [text]),
    lambda text, inner: pa.MapArray.from_arrays(range(len(inner) + 1), pa.array([text] * len(inner)), inner),
    lambda _, inner: pa.ListArray.from_arrays(range(len(inner) + 1), inner),
)


@pytest.mark.parametrize("depth", nightly_after(2, range(5)))
def test_syntax_as_value_and_as_name_at_every_depth(name: str, depth: int) -> None:
    """A text of its own, then within structs, maps and lists; as the name of the column too."""
    for text, within in itertools.product(SYNTAX, WITHIN if depth else WITHIN[:1]):
        column: pa.Array = pa.array([text, None, text])
        for _ in range(depth):
            column = within(text, column)
        fields = [field(text, ValueKind.JSON if depth else ValueKind.TEXT), field("end", ValueKind.TEXT)]
        rows = pa.RecordBatch.from_arrays([column, pa.array([text] * 3)], names=[text, "end"])
        assert found(write(name, fields, text_batch(rows, fields)), fields) == [], text


def test_syntax_over_two_rows_is_none(name: str) -> None:
    fields = [field("only", ValueKind.TEXT)]
    pairs = list(itertools.product(SYNTAX, repeat=2))
    files = [sum(pairs, ())] if name == "parquet" else pairs  # which has no syntax between two rows
    for texts in files:
        written = write(name, fields, batch([(text,) for text in texts], fields))
        assert found(written, fields) == [], texts


def test_no_rows(name: str) -> None:
    written = write(name, FIELDS)
    assert found(written) == []
    assert found(write(name, FIELDS, batch([]))) == []


def test_more_rows_than_a_block(name: str) -> None:
    rows = batch(ROWS * 16_000)
    written = write(name, FIELDS, rows, rows)
    assert len(written.data) > 4 << 20 or name == "parquet"  # which has several groups of rows instead
    assert found(written) == []


def test_a_text_longer_than_a_block(name: str) -> None:
    rows: list[tuple[str | None, ...]] = [("1", '"\r\n,' * 1_300_000, "é", None, None)]
    assert found(write(name, FIELDS, batch(rows))) == []


def test_a_masked_column_may_hold_any_text(name: str) -> None:
    fields = [field("age", ValueKind.INTEGER, Action.MASK), field("doc", ValueKind.JSON, Action.MASK)]
    assert found(write(name, fields, batch([("[masked]", "{[masked"), (None, None)], fields)), fields) == []


def test_three_thousand_columns(name: str) -> None:
    fields = [field(f"c{number}", ValueKind.TEXT) for number in range(3_000)]
    row = tuple(map(str, range(3_000)))
    assert found(write(name, fields, batch([row] * 3, fields)), fields) == []


def test_a_byte_flipped_anywhere(name: str) -> None:
    written = write(name, FIELDS, batch(ROWS))
    for position in everywhere(name, written.data):
        data = bytearray(written.data)
        data[position] ^= 1
        codes = {f.code for f in found(Written(bytes(data), written.entry, written.rows, written.checksums))}
        assert "sha256" in codes
        assert "size" not in codes


def test_cut_off_anywhere_even_with_the_right_digest(name: str) -> None:
    written = write(name, FIELDS, batch(ROWS))
    for end in everywhere(name, written.data):
        assert found(written.with_data(written.data[:end])), f"cut at {end}"


def test_appended_bytes(name: str) -> None:
    written = write(name, FIELDS, batch(ROWS))
    for more in (b"x", b"\r\n", b"\n", b" ", b"]", b"\x00", b"1,a,b,1,infinity\r\n"):
        assert found(written.with_data(written.data + more)), more


def changed(row: int, column: int, value: str | None) -> list[tuple[str | None, ...]]:
    rows = [list(r) for r in ROWS]
    rows[row][column] = value
    return [tuple(r) for r in rows]


EXCHANGED = [(row[0], row[2], row[1], *row[3:]) for row in ROWS]
CORRUPTED: dict[str, tuple[list[tuple[str | None, ...]], list[FieldPlan], set[tuple[str, str]]]] = {
    "a column renamed": (
        ROWS,
        [FIELDS[0], field("remark", ValueKind.TEXT), *FIELDS[2:]],
        {("header", "Note")},
    ),
    "two columns exchanged below their names": (
        EXCHANGED,
        FIELDS,
        {("checksum", "Note"), ("checksum", "note")},
    ),
    "empty for NULL": (changed(0, 2, ""), FIELDS, {("checksum", "note")}),
    "NULL for empty": (changed(1, 1, None), FIELDS, {("checksum", "Note")}),
    "another case": (changed(0, 1, "Plain"), FIELDS, {("checksum", "Note")}),
    "a blank": (changed(3, 2, " "), FIELDS, {("checksum", "note")}),
    "two rows exchanged": ([ROWS[1], ROWS[0], *ROWS[2:]], FIELDS, {("checksum", f.name) for f in FIELDS}),
}


@pytest.mark.parametrize("how", CORRUPTED)
def test_a_file_of_other_values_is_found_by_column(name: str, how: str) -> None:
    rows, fields, expected = CORRUPTED[how]
    assert {(f.code, f.field) for f in corrupted(name, rows, fields)} == expected


def test_a_row_dropped_or_doubled(name: str) -> None:
    for rows in (ROWS[:2] + ROWS[3:], [*ROWS, ROWS[-1]]):
        assert {f.code for f in corrupted(name, rows)} == {"row_count", "checksum"}


def test_a_column_missing_too_many_or_elsewhere(name: str) -> None:
    more = [*FIELDS, field("more", ValueKind.TEXT)]
    for rows, fields in (
        ([row[:4] for row in ROWS], FIELDS[:4]),
        ([(*row, "x") for row in ROWS], more),
        (EXCHANGED, [FIELDS[0], FIELDS[2], FIELDS[1], *FIELDS[3:]]),
    ):
        assert corrupted(name, rows, fields)[0].code == "header"


def test_a_value_of_the_wrong_kind_is_reported_by_row_without_the_value(name: str) -> None:
    rows = [*ROWS, ("5", "", "", "twelve-secret", "2024-01-01T10:00:00Z")]
    findings = found(write(name, FIELDS, batch(ROWS), batch(rows)))
    assert [(f.code, f.field, f.row) for f in findings] == [("type", "price", 9)]
    assert "secret" not in str(findings)
