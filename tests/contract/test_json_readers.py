"""The compiled reader of JSON and the one on msgspec judge alike: the same rows, or the same code and row."""

import ctypes
import json
import random
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.data import document as odd
from tests.support.json_values import OBJECTS, VALUES
from tests.support.nightly import nightly_after
from tests.support.readers import KINDS, MIXED, both, document, judged, mixed, mutated, require_native
from tests.unit.formats.random_tables import field, tables, write

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.json import reader
from afschrift.values.written import text_schema

require_native()

pytestmark = pytest.mark.parametrize("lines", [False, True], ids=["json", "ndjson"])
FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT)]
ONE, TWO = b'{"id":1,"note":"a"}', b'{"id":2,"note":null}'


@pytest.mark.parametrize("kind", KINDS)
def test_each_awkward_value_of_each_kind(lines: bool, kind: ValueKind) -> None:
    fields = [field("id", ValueKind.INTEGER), field("x", kind), field("z", ValueKind.TEXT)]
    good = b'{"id":0,"x":null,"z":"a"}'
    for value in VALUES:
        data = document([good, b'{"id":1,"x":' + value + b',"z":"b"}', good], lines=lines)
        here, there = both(data, fields, lines=lines)
        assert there == here, (kind, value)


def _is_document(value: bytes) -> bool:
    def refuse(_: str) -> None:
        raise ValueError

    try:
        found = json.loads(value.decode(), parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a pair
        return False
    return b"\n" not in value


def test_documents_are_what_the_json_module_takes(lines: bool) -> None:
    fields = [field("x", ValueKind.JSON)]
    for value in VALUES:
        found = judged(document([b'{"x":' + value + b"}"], lines=lines), fields, lines=lines)
        assert isinstance(found, list) == _is_document(value), value
        if isinstance(found, list):
            text = value.decode().strip(" \t\r")
            assert found == [{"x": None if text == "null" else text}]


def test_each_awkward_record(lines: bool) -> None:
    for record, rows in OBJECTS.items():
        for place, records in enumerate(([record, ONE, TWO], [ONE, record, TWO], [ONE, TWO, record])):
            here, there = both(document(records, lines=lines), FIELDS, lines=lines)
            assert there == here, (record, place)
            assert isinstance(there, list) == (rows is not None), (record, place)


@pytest.mark.parametrize("text", odd(__file__, "odd_files.json")["json"])
def test_characters_around_records(lines: bool, text: str) -> None:
    here, there = both(text.encode("latin-1"), FIELDS, lines=lines)
    assert there == here


@pytest.mark.parametrize(
    "record", [b'{"note":"a","id":1}', b'{"\\u0069d":1,"note":"a"}', b'{"id":1,"\\u006eote":"a"}']
)
def test_members_in_another_order_or_with_names_spelt_otherwise(lines: bool, record: bytes) -> None:
    here, there = both(document([ONE, record], lines=lines), FIELDS, lines=lines)
    assert here == there
    assert there in (("malformed", 2), ("malformed", None))


def same(data: bytes, fields: list[FieldPlan], *, lines: bool) -> list[dict[str, str | None]]:
    here, there = both(data, fields, lines=lines)
    assert there == here
    assert isinstance(there, list)
    return there


@given(table=tables())
def test_any_table(lines: bool, table: tuple[list[FieldPlan], pa.RecordBatch]) -> None:
    fields, rows = table
    assert same(write(_name(lines), fields, rows).data, fields, lines=lines) == rows.to_pylist()


_FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.builds(
    lambda mantissa, places: mantissa / 10**places, st.integers(-(10**17), 10**17), st.integers(0, 22)
)
_DIGITS = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_TEXTS = st.from_regex(_DIGITS, fullmatch=True) | st.builds(
    "{:.{}g}".format,
    st.floats(1e-6, 1e10),
    st.integers(14, 18),  # beside the shortest one
)


@given(values=st.lists(_FLOATS, min_size=1, max_size=200))
def test_every_double_comes_back_in_its_own_text(lines: bool, values: list[float]) -> None:
    fields = [field("x", ValueKind.NUMBER)]
    texts = pa.RecordBatch.from_arrays([pa.array(values).cast(pa.string())], schema=text_schema(fields))
    assert same(write(_name(lines), fields, texts).data, fields, lines=lines) == texts.to_pylist()


@given(values=st.lists(_TEXTS, min_size=1, max_size=30))
def test_any_number_is_the_double_that_the_other_reader_takes_it_for(lines: bool, values: list[str]) -> None:
    fields = [field("x", ValueKind.NUMBER)]
    for value in values:  # each by itself: one too large refuses all
        here, there = both(document([b'{"x":' + value.encode() + b"}"], lines=lines), fields, lines=lines)
        assert there == here, value


@pytest.mark.parametrize("seed", nightly_after(2, range(8)))
def test_files_that_were_changed_at_random(lines: bool, seed: int) -> None:
    batch = mixed()
    fields, whole = (
        (MIXED, batch) if seed % 2 else (MIXED[:-1], batch.select([field.name for field in MIXED[:-1]]))
    )
    data, random_ = write(_name(lines), fields, whole).data, random.Random(seed)
    taken = 0
    for _ in range(500):
        changed = mutated(data, random_)
        here, there = both(changed, fields, lines=lines)
        assert there == here, changed
        taken += isinstance(there, list)
    assert 25 < taken < 450


def test_the_row_is_counted_through_blocks(lines: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afschrift.formats.json.reader._BLOCK", 256)
    records = [b'{"id":%d,"note":"text"}' % number for number in range(300)]
    for at in (0, 1, 150, 299):
        changed = [*records[:at], records[at].replace(b":", b"=", 2), *records[at + 1 :]]
        here, there = both(document(changed, lines=lines), FIELDS, lines=lines)
        assert there == here == ("malformed", at + 1)


def test_cut_off_at_each_byte(lines: bool) -> None:
    data = document([ONE, b'{"id":2,"note":"\\ud83d\\ude00\xc3\xa9"}'], lines=lines)
    for end in range(len(data)):
        here, there = both(data[:end], FIELDS, lines=lines)
        assert there == here, end


def _name(lines: bool) -> str:
    return "ndjson" if lines else "json"


def test_the_compiled_reader_judges_all_that_our_writers_write(
    lines: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were runs left to the other reader, all of the above would hold and nothing would be faster."""

    def never(*_: object) -> None:
        raise AssertionError("it was left to the other reader")

    data = write(_name(lines), MIXED, mixed()).data.replace(b"1e+300", b"1e+30")
    monkeypatch.setattr(reader._RunReader, "read", never)
    assert isinstance(judged(data, MIXED, lines=lines), list)
    with pytest.raises(AssertionError, match="left to"):
        judged(document([b'{"id":1234567890123456789,"note":"a"}'], lines=lines), FIELDS, lines=lines)


def test_a_run_beyond_32_bits_is_left(lines: bool) -> None:
    """Offsets of a column could not tell where its texts end. No byte of it is looked at."""
    compiled = reader._Compiled(FIELDS, lines=lines)
    given = (compiled._array, compiled._respell, ctypes.byref(compiled._row))
    assert compiled._library.afschrift_read(compiled._reader, b"", 1 << 31, lines, *given) == reader._LEFT
    compiled.close()


def test_doubles_are_seldom_spelt_again(lines: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        reader, "_numbers", lambda numbers, strings, respell: pa.array([str(respell)] * len(numbers))
    )
    fields = [field("x", ValueKind.NUMBER)]
    for value in (1 / 7, 1e5 / 7, 12.5, 1e9 / 3, 0.1 + 0.2, 3.0, 1e30, 1e-9):
        text = pa.RecordBatch.from_arrays([pa.array([value]).cast(pa.string())], schema=text_schema(fields))
        found = judged(write(_name(lines), fields, text).data, fields, lines=lines)
        assert found == [{"x": str(int(value in (1e30, 1e-9)))}], value
