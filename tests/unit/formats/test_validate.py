from __future__ import annotations

import io

import pyarrow as pa
import pytest
from tests.unit.formats.random_tables import VALUES, field, write

from afschrift.domain.errors import ConfigurationError, ValidationFailedError
from afschrift.domain.extracted import FileEntry
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.file_finding import FileFinding
from afschrift.formats.validate_file import ValueTypes, require_valid, validate
from afschrift.values.written import text_schema


def first_offence(kind: ValueKind, *texts: str | None) -> int | None:
    fields = [field("c", kind)]
    check = ValueTypes("f.csv", fields)
    for text in texts:  # a batch each, so that rows are counted through batches
        check.update(pa.RecordBatch.from_arrays([pa.array([text], pa.string())], schema=text_schema(fields)))
    found = check.findings()
    return found[0].row if found else None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((ValueKind.INTEGER, text) for text in ("", "1.0", "01", "-0", "+1", "1e5", " 1", "x", "1\n")),
        *((ValueKind.DECIMAL, text) for text in ("", ".5", "5.", "1,5", "nan", "Infinity", "0x1")),
        *((ValueKind.NUMBER, text) for text in ("inf", "1e", "e5", "--1")),
        *((ValueKind.BOOLEAN, text) for text in ("True", "t", "1", "")),
        *((ValueKind.DATE, text) for text in ("2024-1-1", "01-01-2024", "2024-01-01T00:00:00", "")),
        *((ValueKind.TIME, text) for text in ("10:00", "10:00:00.5", "10:00:00.000000", "10:00:00+02")),
        *(
            (ValueKind.DATETIME, text)
            for text in ("2024-01-01 10:00:00", "2024-01-01T10:00:00Z", "2024-01-01")
        ),
        *(
            (ValueKind.INSTANT, text)
            for text in ("2024-01-01T10:00:00", "2024-01-01T10:00:00+00:00", "Infinity")
        ),
        *((ValueKind.BINARY, text) for text in ("a", "ab=", "\\x00", "ab==\n")),
        (ValueKind.UUID, "550E8400-E29B-41D4-A716-446655440000"),
    ],
)
def test_a_text_that_is_not_of_the_kind(kind: ValueKind, text: str) -> None:
    assert first_offence(kind, None, text, None, text) == 2


@pytest.mark.parametrize("kind", list(ValueKind))
def test_nothing_is_of_every_kind(kind: ValueKind) -> None:
    assert first_offence(kind, None, None) is None
    assert kind in VALUES


def test_a_format_without_reader_is_never_passed_over() -> None:
    with pytest.raises(ConfigurationError, match="No reader checks the format"):
        validate(FileEntry("a.xyz", "xyz", 0, ""), io.BytesIO(), [], 0, {})


def test_a_checksum_that_extraction_did_not_take_is_a_finding() -> None:
    fields = [field("a", ValueKind.TEXT)]
    written = write("csv", fields)
    assert [f.code for f in validate(written.entry, io.BytesIO(written.data), fields, 0, {})] == ["checksum"]


def test_an_unreadable_file_is_still_read_to_its_end_for_its_digest() -> None:
    fields = [field("a", ValueKind.TEXT)]
    written = write("csv", fields)
    data = b"b\r\n" + b"text\r\n" * 2_000_000
    assert [f.code for f in validate(written.with_data(data).entry, io.BytesIO(data), fields, 0, {})] == [
        "header"
    ]
    codes = [f.code for f in validate(written.entry, io.BytesIO(data), fields, 0, written.checksums)]
    assert codes == ["header", "size", "sha256"]


@pytest.mark.parametrize("batches", [1, 2])
def test_a_check_that_breaks_is_never_taken_for_a_check_that_passes(
    batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object, batch: object) -> None:
        raise MemoryError

    monkeypatch.setattr(ValueTypes, "update", broken)
    fields = [field("a", ValueKind.TEXT)]
    batch = pa.RecordBatch.from_arrays([pa.array(["x" * 3_000_000])], schema=text_schema(fields))
    written = write("csv", fields, *[batch] * batches)
    with pytest.raises(MemoryError):
        validate(written.entry, io.BytesIO(written.data), fields, batches, written.checksums)


def test_what_stops_delivery_names_file_field_row_and_rule() -> None:
    require_valid([])
    findings = [FileFinding("type", "shop/a.csv", "price", 7, "every value has the form of a decimal")]
    with pytest.raises(ValidationFailedError) as caught:
        require_valid(findings * 12)
    message = str(caught.value)
    assert "shop/a.csv, field price, row 7: every value has the form of a decimal (type)" in message
    assert "and 2 more" in message
    assert "`extract_<source>` and what follows" in message
