"""What the readers say of files that they cannot read: a code, a row where it is known, no value."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import pyarrow as pa
import pytest
from tests.unit.formats.random_tables import field

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.csv import reader as delimited_reader
from afschrift.formats.csv.reader import read_csv
from afschrift.formats.file_finding import UnreadableFileError
from afschrift.formats.json import reader as json_reader
from afschrift.formats.json.reader import read_records

FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT)]

NULL = {"null": r"\N"}


def read_json(stream: BinaryIO, fields: list[FieldPlan]) -> Iterator[pa.RecordBatch]:
    return read_records(stream, fields, lines=False, compiled=False)


class Trickle(io.RawIOBase):
    """A stream that gives a byte at a time, as a decrypting one may."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(min(size, 1))


def csv_rows(data: bytes, fields: list[FieldPlan] = FIELDS) -> list[dict[str, str | None]]:
    return [
        row for batch in read_csv(io.BytesIO(data), fields, NULL, compiled=False) for row in batch.to_pylist()
    ]


def json_rows(data: bytes, fields: list[FieldPlan] = FIELDS) -> list[dict[str, str | None]]:
    return [row for batch in read_json(io.BytesIO(data), fields) for row in batch.to_pylist()]


def csv_fault(data: bytes) -> tuple[str, int | None]:
    with pytest.raises(UnreadableFileError) as caught:
        csv_rows(data)
    return fault(caught.value)


def json_fault(data: bytes) -> tuple[str, int | None]:
    with pytest.raises(UnreadableFileError) as caught:
        json_rows(data)
    return fault(caught.value)


def fault(error: UnreadableFileError) -> tuple[str, int | None]:
    assert "secret" not in str(error)
    assert error.__suppress_context__ or error.__context__ is None
    return error.code, error.row


def test_csv_tells_null_from_empty_and_from_a_quoted_marker() -> None:
    rows = csv_rows(b'id,note\r\n1,\\N\r\n2,\r\n3,""\r\n4,"\\N"\r\n')
    assert [row["note"] for row in rows] == [None, "", "", r"\N"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("malformed", None)),
        (b"id,note", ("malformed", None)),
        (b"id,note\r\n1,secret", ("malformed", None)),
        (b"id,note\n1,secret\n", ("malformed", None)),
        (b'id,note\r\n1,"secret\r\n', ("malformed", None)),
        (b"id,note\r\n1,a\r\n2,secret,b\r\n", ("malformed", 2)),
        (b"id,note\r\n1,a\r\n2\r\n", ("malformed", 2)),
        (b"id,note\r\n1,secret\xff\r\n", ("encoding", None)),
        (b"\xef\xbb\xbfid,note\r\n", ("encoding", None)),
        (b"id,Note\r\n", ("header", None)),
        (b"note,id\r\n", ("header", None)),
        (b"id,note,more\r\n", ("header", None)),
        (b"id\r\n", ("header", None)),
    ],
)
def test_csv_faults(data: bytes, expected: tuple[str, int | None]) -> None:
    assert csv_fault(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("malformed", None)),
        (b"[]", ("malformed", None)),
        (b"[]\n\n", ("malformed", None)),
        (b"{}", ("malformed", None)),
        (b'[\n{"id":1,"note":"secret"}\n', ("malformed", None)),
        (b'[\n{"id":1,"note":"secret"}\n]', ("malformed", None)),
        (b'[\n{"id":1,"note":"secret"},\n]\n', ("malformed", None)),
        (b'[\n{"id":1,"note":"a"},\n{"id":2,"note":secret}\n]\n', ("malformed", 2)),
        (b'[\n{"id":1,"note":"a"},\n{"id":2}\n]\n', ("malformed", 2)),
        (b'[\n{"id":1,"note":"a"},\n{"id":2,"note":"a","secret":1}\n]\n', ("malformed", 2)),
        (b'[\n{"id":1,"note":"a"},\n{"id":2,"note":7}\n]\n', ("malformed", 2)),
        (b'[\n{"id":1.5,"note":"a"}\n]\n', ("malformed", 1)),
        (b'[\n{"id":1,"note":"a\tb"}\n]\n', ("malformed", 1)),
        (b"[\nsecret\n]\n", ("malformed", 1)),
        (b'[\n{"id":1,"note":"secret\xff"}\n]\n', ("encoding", None)),
        (b'\xef\xbb\xbf[\n{"id":1,"note":"a"}\n]\n', ("malformed", None)),
        (b'[\n{"note":"a","id":1}\n]\n', ("header", None)),
        (b'[\n{"id":1,"Note":"a"}\n]\n', ("header", None)),
        (b'[\n{"id":1,"note":"a","more":"a"}\n]\n', ("header", None)),
    ],
)
def test_json_faults(data: bytes, expected: tuple[str, int | None]) -> None:
    assert json_fault(data) == expected


def test_json_with_names_that_need_escapes_is_held_to_them_too() -> None:
    fields = [field('a"b', ValueKind.INTEGER), field("c\n", ValueKind.JSON)]
    good = b'{"a\\"b":12345678901,"c\\n":{"x": 1.10}}'
    assert (
        json_rows(b"[\n" + good + b",\n" + good + b"\n]\n", fields)
        == [{'a"b': "12345678901", "c\n": '{"x": 1.10}'}] * 2
    )
    for bad in (b'{"a\\"b":1}', b'{"c\\n":1,"a\\"b":1}', b'{"a\\"b":1.5,"c\\n":1}'):
        with pytest.raises(UnreadableFileError) as caught:
            json_rows(b"[\n" + good + b",\n" + bad + b"\n]\n", fields)
        assert (caught.value.code, caught.value.row) == ("malformed", 2)


def test_a_name_twice_is_found_beside_texts_that_end_like_names() -> None:
    rows = [b'{"id":1,"note":"a\\""}', b'{"id":2,"note":":)"}', b'{"id":3,"note":"\\":"}']
    assert [row["note"] for row in json_rows(b"[\n" + b",\n".join(rows) + b"\n]\n")] == ['a"', ":)", '":']
    rows[1] = b'{"id":2,"note":":)","note":":)"}'
    assert json_fault(b"[\n" + b",\n".join(rows) + b"\n]\n") == ("malformed", None)


def test_the_row_is_counted_through_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_reader, "_BLOCK", 64)
    monkeypatch.setattr(json_reader, "_BLOCK", 64)
    lines = [f"{n},text\r\n" for n in range(1_000)]
    lines[700] = "700\r\n"
    assert csv_fault(("id,note\r\n" + "".join(lines)).encode()) == ("malformed", 701)
    objects = [f'{{"id":{n},"note":"text"}}' for n in range(1_000)]
    objects[700] = '{"id":700,"note":}'
    assert json_fault(("[\n" + ",\n".join(objects) + "\n]\n").encode()) == ("malformed", 701)


def test_streams_that_give_little_at_a_time() -> None:
    csv_data = b'id,note\r\n1,"a\r\n""b"\r\n'
    assert [
        b.to_pylist() for b in read_csv(Trickle(csv_data), FIELDS, NULL, compiled=False) if b.num_rows
    ] == [[{"id": "1", "note": 'a\r\n"b'}]]
    for data, rows in ((b'[\n{"id":1,"note":null}\n]\n', 1), (b"[]\n", 0)):
        assert sum(batch.num_rows for batch in read_json(Trickle(data), FIELDS)) == rows


@pytest.mark.parametrize("text", [r"q\u0022:", r"q\"\u003a", r"\u003A", r"\u0022\u003a"])
def test_a_name_twice_is_found_beside_misleading_texts(text: str) -> None:
    entry = f'{{"id":1,"note":"{text}"}}'
    assert json_rows(f"[\n{entry}\n]\n".encode()) == [{"id": "1", "note": msgspec.json.decode(f'"{text}"')}]
    twice = f'{{"id":1,"note":"hidden","note":"{text}"}}'
    assert json_fault(f"[\n{entry},\n{twice}\n]\n".encode()) == ("malformed", None)


@pytest.mark.parametrize("size", [1, 16, 64, 1 << 20])
def test_a_byte_order_mark_of_a_value_survives_any_block_border(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited_reader, "_BLOCK", size)
    texts = ["\ufeff", "\ufeff1", "\ufeff\ufeff", '"\ufeff"'] * 5
    data = "id,note\r\n" + "".join(f"{text},a\r\n" for text in texts)
    assert [row["id"] for row in csv_rows(data.encode())] == [text.strip('"') for text in texts]


def test_faults_after_an_empty_array_are_found() -> None:
    for more in (b" ", b"\n", b"]", b'{"id":1,"note":null}\n', b"[]\n"):
        with pytest.raises(UnreadableFileError) as caught:
            list(read_json(Trickle(b"[]\n" + more), FIELDS))
        assert caught.value.code == "malformed"


def test_a_quote_that_is_lost_does_not_take_the_rest_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_reader, "_LONGEST", 1 << 20)
    monkeypatch.setattr(delimited_reader, "_BLOCK", 1 << 16)
    assert csv_fault(b'id,note\r\n1,"' + b"text\r\n" * 1_000_000) == ("malformed", None)
