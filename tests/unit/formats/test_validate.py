"""Small batches become large ones; no row is lost, doubled or moved, and memory stays bounded."""

import io

import pyarrow as pa
import pytest
from tests.support.data import document
from tests.unit.formats.random_tables import VALUES, field, write

from afschrift.domain.errors import ConfigurationError, ValidationFailedError
from afschrift.domain.extracted import FileEntry
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.file_finding import FileFinding
from afschrift.formats.validate_file import ValueTypes, regroup, require_valid, validate
from afschrift.values.written import text_schema


def first_offence(kind: ValueKind, *texts: str | None) -> int | None:
    fields = [field("c", kind)]
    check = ValueTypes("f.csv", fields)
    for text in texts:  # a batch each, so that rows are counted through batches
        check.update(pa.RecordBatch.from_arrays([pa.array([text], pa.string())], schema=text_schema(fields)))
    found = check.findings()
    return found[0].row if found else None


@pytest.mark.parametrize(("kind", "texts"), document(__file__, "not_of_the_kind.json").items())
def test_a_text_that_is_not_of_the_kind(kind: str, texts: list[str]) -> None:
    for text in texts:
        assert first_offence(ValueKind(kind), None, text, None, text) == 2, text


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


def batches(sizes: list[int], text: str = "") -> list[pa.RecordBatch]:
    numbered = iter(range(sum(sizes)))
    return [
        pa.record_batch({"n": pa.array([f"{next(numbered)}{text}" for _ in range(size)], pa.string())})
        for size in sizes
    ]


def test_large_values_are_not_held_until_there_are_many() -> None:
    found = list(regroup(batches([100] * 10, text="x" * 50_000)))  # 5 MB a batch
    assert [part.num_rows for part in found] == [200] * 5
    assert list(regroup([])) == []
