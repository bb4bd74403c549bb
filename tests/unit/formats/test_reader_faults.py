"""What the readers say of files that they cannot read: a code, a row where it is known, no value.

Faults by format are in `data/faults.tsv`, each content as a JSON string of its bytes as Latin-1.
"""

import io
import json
from collections.abc import Iterator

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.data import lines
from tests.unit.formats.random_tables import field

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.csv import reader as csv_reader
from afschrift.formats.file_finding import UnreadableFileError
from afschrift.formats.json import reader as json_reader
from afschrift.formats.registry import FORMATS
from afschrift.formats.xml import reader as xml_reader

FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT)]
Fault = tuple[str, int | None]


class Trickle(io.BytesIO):
    """A stream that gives a byte at a time, as a decrypting one may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(-1 if size is None else size, 1))


def batches(name: str, stream: io.BytesIO, fields: list[FieldPlan] = FIELDS) -> Iterator[pa.RecordBatch]:
    """By the reader in Python, where another one is compiled."""
    if name == "csv":
        return csv_reader.read_csv(stream, fields, {"null": r"\N"}, compiled=False)
    if name in ("json", "ndjson"):
        return json_reader.read_records(stream, fields, lines=name == "ndjson", compiled=False)
    return FORMATS[name].reader(stream, fields, {})


def rows(name: str, data: bytes, fields: list[FieldPlan] = FIELDS) -> list[dict[str, str | None]]:
    return [row for batch in batches(name, io.BytesIO(data), fields) for row in batch.to_pylist()]


def array(*records: bytes) -> bytes:
    return b"[\n" + b",\n".join(records) + b"\n]\n"


def fault(name: str, data: bytes, fields: list[FieldPlan] = FIELDS) -> Fault:
    with pytest.raises(UnreadableFileError) as caught:
        rows(name, data, fields)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.code, caught.value.row


@pytest.mark.parametrize(
    "line", lines(__file__, "faults.tsv"), ids=lambda line: f"{line['format']} {line['content'][:30]}"
)
def test_a_fault_has_its_code_and_row(line: dict[str, str]) -> None:
    data = json.loads(line["content"]).encode("latin-1")
    assert fault(line["format"], data) == (line["code"], int(line["row"]) if line["row"] else None)


def test_csv_tells_null_from_empty_and_from_a_quoted_marker() -> None:
    found = rows("csv", b'id,note\r\n1,\\N\r\n2,\r\n3,""\r\n4,"\\N"\r\n')
    assert [row["note"] for row in found] == [None, "", "", r"\N"]


def test_json_with_names_that_need_escapes_is_held_to_them_too() -> None:
    fields = [field('a"b', ValueKind.INTEGER), field("c\n", ValueKind.JSON)]
    good = b'{"a\\"b":12345678901,"c\\n":{"x": 1.10}}'
    assert rows("json", array(good, good), fields) == [{'a"b': "12345678901", "c\n": '{"x": 1.10}'}] * 2
    for bad in (b'{"a\\"b":1}', b'{"c\\n":1,"a\\"b":1}', b'{"a\\"b":1.5,"c\\n":1}'):
        assert fault("json", array(good, bad), fields) == ("malformed", 2)


TEXTS = [b'a\\"', b":)", b'\\":', rb"q\u0022:", rb"q\"\u003a", rb"\u003A", rb"\u0022\u003a"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_name_twice_is_found_beside_misleading_texts(text: bytes) -> None:
    entry = b'{"id":1,"note":"%s"}' % text
    assert rows("json", array(entry)) == [{"id": "1", "note": msgspec.json.decode(b'"%s"' % text)}]
    twice = b'{"id":1,"note":"hidden","note":"%s"}' % text
    assert fault("json", array(entry, twice)) == ("malformed", None)


def test_a_member_may_occur_twice_in_a_document_and_in_a_text() -> None:
    fields = [field('a":b', ValueKind.JSON), field("note", ValueKind.TEXT)]
    line = b'{"a\\":b":{"x":1,"x":{"y":"\\":"}},"note":"{\\"x\\":1}"}\n'
    assert rows("ndjson", line * 3, fields) == [{'a":b': '{"x":1,"x":{"y":"\\":"}}', "note": '{"x":1}'}] * 3


HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<table xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)
ROW = b'<row><field name="id">1</field><field name="note">a</field></row>\n'
SECOND = b'<row><field name="id">2</field>%s</row>\n'


@pytest.mark.parametrize(
    "row",
    [
        SECOND % b'<field name="Note">secret</field>',
        SECOND % b'<field name="note" kind="x">secret</field>',
        SECOND % b'<field name="note" xsi:nil="true">secret</field>',
        SECOND % b'<field name="note" xsi:nil="false">secret</field>',
        SECOND % b'<field name="note"><b>secret</b></field>',
        SECOND % b'<field name="note">secret<!-- x --></field>',
        SECOND % b'<field name="note"/>',
        SECOND % b"",
        SECOND % b'<field name="note">a</field><field name="note">secret</field>',
        b'<field name="id">2</field><field name="note">secret</field>\n',
        SECOND % b'<field name="note" base64="c2VjcmV0">secret</field>',  # nothing was replaced
        SECOND % '<field name="note" base64="AA">\ufffd</field>'.encode(),
        SECOND % '<field name="note" base64="/w==">\ufffd</field>'.encode(),
        SECOND % '<field name="note" base64="AMOp">\ufffdsecret</field>'.encode(),
    ],
)
def test_xml_with_a_faulty_row(row: bytes) -> None:
    code, number = fault("xml", HEAD + ROW + row + ROW + b"</table>\n")
    assert code == "malformed"
    assert number in (2, None)  # where expat stops first, no row is known


@pytest.mark.parametrize(
    ("name", "head", "good", "bad", "tail"),
    [
        ("csv", b"id,note\r\n", b"1,text\r\n", b"700\r\n", b""),
        ("xml", HEAD, ROW, ROW.replace(b'"note"', b'"Note"'), b"</table>\n"),
    ],
)
def test_the_row_is_counted_through_blocks(
    name: str, head: bytes, good: bytes, bad: bytes, tail: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (csv_reader, xml_reader):
        monkeypatch.setattr(module, "_BLOCK", 64)
    assert fault(name, head + good * 700 + bad + good * 99 + tail) == ("malformed", 701)


def test_streams_that_give_little_at_a_time() -> None:
    data = b'id,note\r\n1,"a\r\n""b"\r\n'
    found = [row for batch in batches("csv", Trickle(data)) for row in batch.to_pylist()]
    assert found == [{"id": "1", "note": 'a\r\n"b'}]
    for data, number in ((b'[\n{"id":1,"note":null}\n]\n', 1), (b"[]\n", 0)):
        assert sum(batch.num_rows for batch in batches("json", Trickle(data))) == number
    for more in (b" ", b"\n", b"]", b'{"id":1,"note":null}\n', b"[]\n"):
        with pytest.raises(UnreadableFileError) as caught:
            list(batches("json", Trickle(b"[]\n" + more)))
        assert caught.value.code == "malformed"


@pytest.mark.parametrize("size", [1, 16, 64, 1 << 20])
def test_a_byte_order_mark_of_a_value_survives_any_block_border(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reader, "_BLOCK", size)
    texts = ["\ufeff", "\ufeff1", "\ufeff\ufeff", '"\ufeff"'] * 5
    data = "id,note\r\n" + "".join(f"{text},a\r\n" for text in texts)
    assert [row["id"] for row in rows("csv", data.encode())] == [text.strip('"') for text in texts]


def test_a_quote_that_is_lost_does_not_take_the_rest_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "_LONGEST", 1 << 20)
    monkeypatch.setattr(csv_reader, "_BLOCK", 1 << 16)
    assert fault("csv", b'id,note\r\n1,"' + b"text\r\n" * 1_000_000) == ("malformed", None)


def test_parquet_faults() -> None:
    def parquet(**columns: pa.Array) -> bytes:
        sink = io.BytesIO()
        pq.write_table(pa.table(columns), sink)
        return sink.getvalue()

    good = parquet(id=pa.array([1]), note=pa.array(["secret"]))
    assert fault("parquet", b"PAR1 secret PAR1") == ("malformed", None)
    assert fault("parquet", good[:-1]) == ("malformed", None)
    assert fault("parquet", parquet(note=pa.array(["a"]), id=pa.array([1]))) == ("header", None)
    nested = parquet(id=pa.array([1]), note=pa.array([{"x": "secret"}]))
    assert fault("parquet", nested)[0] in ("header", "malformed")
