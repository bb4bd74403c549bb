"""The compiled reader of CSV takes what RFC 4180 says and nothing else, and finds in it what Arrow's finds."""

import ctypes
import io
import random
import re
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from tests.support.data import document
from tests.support.nightly import nightly_after
from tests.support.readers import Judged, judge, mutated, require_native
from tests.unit.formats.random_tables import AWKWARD, SYNTAX, field, tables, write

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.csv import reader
from afschrift.values.written import text_schema

require_native()

FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT)]
MARKER = r"\N"
_VALUE = rb'"(?:[^"]|"")*+"|[^",\r\n]*+'
_RECORD = re.compile(rb"((?:%s)(?:,(?:%s))*+)\r\n" % (_VALUE, _VALUE))


def by_the_rfc(
    data: bytes, fields: Sequence[FieldPlan], marker: str = MARKER
) -> list[list[str | None]] | None:
    """The rows that a file has by the grammar of RFC 4180; None: it is no such file with these columns."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    records, at = [], 0
    while at < len(data):
        record = _RECORD.match(data, at)
        if record is None:
            return None
        records.append([_text(value, marker) for value in re.findall(rb"(?:^|,)(%s)" % _VALUE, record[1])])
        at = record.end()
    names = [field.name for field in fields]
    if not records or [marker if name is None else name for name in records[0]] != names:
        return None
    return records[1:] if all(len(record) == len(names) for record in records) else None


def _text(value: bytes, marker: str) -> str | None:
    text = value.decode()
    if text.startswith('"'):
        return text[1:-1].replace('""', '"')
    return None if text == marker else text


def judged(
    data: bytes, fields: Sequence[FieldPlan], marker: str = MARKER, *, compiled: bool = True
) -> Judged:
    return judge(reader.read_csv(io.BytesIO(data), fields, {"null": marker}, compiled=compiled))


def agreed(data: bytes, fields: Sequence[FieldPlan], marker: str = MARKER, *, faults: bool = True) -> Judged:
    """What the compiled reader says: that of the RFC, and of Arrow's reader but where that one takes more.

    `faults`: they name the same fault; of a file with several each may come upon another one first.
    """
    here, there = judged(data, fields, marker), judged(data, fields, marker, compiled=False)
    wanted = by_the_rfc(data, fields, marker)
    assert isinstance(here, list) == (wanted is not None), data
    if isinstance(here, list):
        assert [list(row.values()) for row in here] == wanted, data
        assert there == here, data
    elif faults and not isinstance(there, list):
        assert here[0] == there[0], data
        assert here[1] in (there[1], None) or there[1] is None, data
    return here


ODD = {
    of: [text.encode("latin-1") for text in texts]
    for of, texts in document(__file__, "odd_files.json").items()
}
TEXTS = [text.encode() for text in (*AWKWARD, *SYNTAX)]
VALUES = [*TEXTS, *(b'"' + text.replace(b'"', b'""') + b'"' for text in TEXTS), *ODD["csv values"]]


@pytest.mark.parametrize("last", [False, True])
def test_each_awkward_value(last: bool) -> None:
    fields = [
        field("id", ValueKind.INTEGER),
        field("x", ValueKind.TEXT),
        *([] if last else [field("z", ValueKind.TEXT)]),
    ]
    end = b"" if last else b",end"
    head = ",".join(field.name for field in fields).encode() + b"\r\n"
    for value in VALUES:
        data = head + b"0,a" + end + b"\r\n1," + value + end + b"\r\n2,\\N" + end + b"\r\n"
        agreed(data, fields)


@pytest.mark.parametrize("data", ODD["csv"])
def test_characters_around_values(data: bytes) -> None:
    agreed(data, FIELDS)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_byte_order_mark_is_the_fault_that_is_named(compiled: bool) -> None:
    data = b"\xef\xbb\xbfid,note\r\n1,a\r\n"
    assert judged(data, FIELDS, compiled=compiled) == ("encoding", None)


def test_the_row_at_fault_is_the_one_that_is_uneven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_BLOCK", 256)
    records = [b"%d,text" % number for number in range(300)]
    for at in (0, 1, 150, 299):
        changed = [*records[:at], records[at] + b",more", *records[at + 1 :]]
        data = b"\r\n".join([b"id,note", *changed, b""])
        assert judged(data, FIELDS) == ("malformed", at + 1)


def test_blocks_end_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    data = write("csv", FIELDS, _rows([text for text in AWKWARD if len(text) < 100])).data
    whole = by_the_rfc(data, FIELDS, marker := r"\N2")
    assert whole is not None
    for size in (1, 2, 3, 7, 64, 1_000):
        monkeypatch.setattr(reader, "_BLOCK", size)
        found = judged(data, FIELDS, marker)
        assert isinstance(found, list)
        assert [list(row.values()) for row in found] == whole


def test_a_block_beyond_32_bits_is_not_read() -> None:
    """Offsets of a column could not tell where its texts end. No byte of it is looked at."""
    compiled = reader._Compiled(FIELDS, MARKER)
    given = (compiled._array, ctypes.byref(compiled._seen))
    verdict = compiled._library.afschrift_csv_read(compiled._reader, b"", 1 << 31, *given)
    compiled.close()
    assert verdict not in (reader._READ, reader._NO_MEMORY)


def test_cut_off_at_each_byte() -> None:
    data = 'id,note\r\n1,"a ""b"", é\r\n"\r\n2,\\N\r\n3,""\r\n'.encode()
    for end in range(len(data)):
        agreed(data[:end], FIELDS)


@given(table=tables())
def test_any_table(table: tuple[list[FieldPlan], pa.RecordBatch]) -> None:
    fields, rows = table
    written = write("csv", fields, rows)
    assert agreed(written.data, fields, written.entry.options["null"]) == rows.to_pylist()


@pytest.mark.parametrize("seed", nightly_after(2, range(8)))
@pytest.mark.parametrize("single", [False, True])
def test_files_that_were_changed_at_random(seed: int, single: bool) -> None:
    fields = FIELDS[1:] if single else FIELDS
    rows = _rows(
        ["plain", None, 'say "é", she\r\nsaid', "", "long enough for sixteen bytes and more", "👩‍👩‍👧\n", ","]
    )
    whole = rows.select([field.name for field in fields])
    data, random_ = write("csv", fields, whole).data, random.Random(seed)
    taken = 0
    for _ in range(400):
        taken += isinstance(agreed(changed(data, random_), fields, faults=False), list)
    assert 20 < taken < 380


def changed(data: bytes, random_: random.Random) -> bytes:
    if random_.randrange(2):
        return mutated(data, random_)
    piece = random_.choice([b'"', b'""', b",", b"\r\n", b"\n", b"\r", b'"\r\n', b'",', b"\\N", b"\xff", b""])
    at = random_.randrange(len(data) + 1)
    return data[:at] + piece + data[at + random_.randrange(3) :]


def _rows(texts: Sequence[str | None]) -> pa.RecordBatch:
    ids = [str(number) for number in range(len(texts))]
    return pa.RecordBatch.from_arrays(
        [pa.array(ids), pa.array(texts, pa.string())], schema=text_schema(FIELDS)
    )
