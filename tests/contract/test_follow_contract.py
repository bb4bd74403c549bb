"""Every registered format is read back while it is written; what does not read back stops the write."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest
from tests.contract.test_format_contract import FIELDS, ROWS, batch
from tests.support.writing_ways import writing_way
from tests.unit.formats.random_tables import write

from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.extracted import TableExtract
from afschrift.domain.files import Format, ReadBack
from afschrift.domain.plan import ExtractPlan
from afschrift.extraction.deflate import InflatingReader
from afschrift.extraction.write import TableWriter
from afschrift.formats.registry import FORMATS
from afschrift.services import WriteLimits
from afschrift.staging.encrypted import EncryptedStaging

__all__ = ["writing_way"]
pytestmark = [pytest.mark.parametrize("name", sorted(FORMATS)), pytest.mark.usefixtures("writing_way")]
PLAN = ExtractPlan("shop", "orders", tuple(FIELDS), "SELECT")
MANY = ROWS * 8_000  # several blocks of every reader


@pytest.fixture
def staging(tmp_path: Path) -> EncryptedStaging:
    return EncryptedStaging(tmp_path, "req-0123456789ab", b"k" * 32)


def staged(staging: EncryptedStaging, path: str) -> tuple[bytes, bytes]:
    with staging.reader(f"data/{path}") as stream:
        plain = InflatingReader(stream).readall()
    with staging.reader(f"data/{path}") as stream:
        return plain, stream.read()


def written(
    staging: EncryptedStaging, formats: list[Format], batches: Iterable[pa.RecordBatch]
) -> TableExtract:
    return TableWriter(staging, PLAN, formats, WriteLimits()).write(lambda: iter(batches), {})


def changing(name: str, change: Callable[[pa.RecordBatch], pa.RecordBatch]) -> Format:
    """A format whose writer writes something else than it was given."""
    made = FORMATS[name].writer

    def writer(sink: BinaryIO, *given: Any) -> Any:
        inner = made(sink, *given)

        class Changing:
            options = inner.options
            close = inner.close

            def write(self, rows: pa.RecordBatch) -> None:
                inner.write(change(rows))

        return Changing()

    return replace(FORMATS[name], writer=writer)


def other_note(rows: pa.RecordBatch) -> pa.RecordBatch:
    notes = pa.array(["a secret", *rows.column("Note").to_pylist()[1:]], pa.string())
    return rows.set_column(1, "Note", notes)


def other_price(rows: pa.RecordBatch) -> pa.RecordBatch:
    prices = pa.array(["secret", *rows.column("price").to_pylist()[1:]], pa.string())
    return rows.set_column(3, "price", prices)


def test_the_record_names_the_comparison_and_the_file_stays_the_same(
    name: str, staging: EncryptedStaging
) -> None:
    [part] = written(staging, [FORMATS[name]], [batch(MANY)]).parts
    [entry] = part.files
    plain, deflated = staged(staging, entry.path)
    assert plain == write(name, FIELDS, batch(MANY)).data
    assert (entry.bytes, entry.sha256) == (len(plain), hashlib.sha256(plain).hexdigest())
    assert entry.deflated_sha256 == hashlib.sha256(deflated).hexdigest()
    assert entry.read_back == ReadBack(entry.deflated_sha256, FORMATS[name].read_by)
    [entry] = written(staging, [FORMATS[name]], []).files
    assert entry.read_back == ReadBack(entry.deflated_sha256, FORMATS[name].read_by), "of no rows too"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_note, "field Note: the column reads back as the values extracted"),
        (other_price, "field price"),
        (lambda rows: rows.slice(1), "the file holds the 4 rows extracted; 3 were read"),
    ],
)
def test_what_a_writer_changed_stops_the_write(
    name: str, staging: EncryptedStaging, change: Callable[[pa.RecordBatch], pa.RecordBatch], message: str
) -> None:
    """Beside a sound file too, which was held against the forms of its values in its place."""
    for formats in ([changing(name, change)], [FORMATS["csv"], changing(name, change)]):
        with pytest.raises(ValidationFailedError, match=message) as caught:
            written(staging, formats, [batch(ROWS)])
        assert f"shop/orders.{FORMATS[name].extension}" in str(caught.value)
        assert "secret" not in str(caught.value)
        assert not staging.exists(f"data/shop/orders.{FORMATS[name].extension}")


def test_what_cannot_be_read_stops_the_write_before_its_end(name: str, staging: EncryptedStaging) -> None:
    before, given = threading.active_count(), list[int]()
    at_the_end = name == "parquet"  # which is read from there
    most = 3 if at_the_end else 300

    def broken(sink: BinaryIO, *options: Any) -> Any:
        inner = FORMATS[name].writer(sink, *options)

        class Broken:
            options, write = inner.options, inner.write

            def close(self) -> None:
                inner.close()
                sink.write(b"no footer of ours")

        if not at_the_end:
            sink.write(b'"no format, of ours\r\n\n' * 100_000)
        return Broken() if at_the_end else inner

    def rows() -> Iterator[pa.RecordBatch]:
        for number in range(most):
            given.append(number)
            yield batch(MANY)

    writer = TableWriter(staging, PLAN, [replace(FORMATS[name], writer=broken)], WriteLimits())
    with pytest.raises(ValidationFailedError, match="differ from what was extracted"):
        writer.write(rows, {})
    assert len(given) < most or at_the_end
    assert threading.active_count() == before


def test_a_reader_that_breaks_is_never_taken_for_one_that_found_nothing(
    name: str, staging: EncryptedStaging
) -> None:
    def reader(*_: Any) -> Iterator[Any]:
        raise MemoryError

    with pytest.raises(MemoryError):
        written(staging, [replace(FORMATS[name], reader=reader)], [batch(ROWS)])
    assert not staging.exists(f"data/shop/orders.{FORMATS[name].extension}")
