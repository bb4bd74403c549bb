"""What these readers say of files that they cannot read: a code, a row where it is known, no value."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.formats.random_tables import field

from afschrift.domain.value_kind import ValueKind
from afschrift.formats.file_finding import UnreadableFileError
from afschrift.formats.registry import FORMATS
from afschrift.formats.xml import reader as xml_reader

FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT)]
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<table xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)
ROW = '<row><field name="id">1</field><field name="note">a</field></row>\n'
TAIL = "</table>\n"


def fault(name: str, data: bytes) -> tuple[str, int | None]:
    with pytest.raises(UnreadableFileError) as caught:
        for _ in FORMATS[name].reader(io.BytesIO(data), FIELDS, {}):
            pass
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.code, caught.value.row


def second(note: str, start: str = '<row><field name="id">2</field>', end: str = "</row>\n") -> str:
    """A file whose second row is at fault."""
    return HEAD + ROW + start + note + end + ROW + TAIL


@pytest.mark.parametrize(
    "text",
    [
        second('<field name="Note">secret</field>'),
        second('<field name="note" kind="x">secret</field>'),
        second('<field name="note" xsi:nil="true">secret</field>'),
        second('<field name="note" xsi:nil="false">secret</field>'),
        second('<field name="note"><b>secret</b></field>'),
        second('<field name="note">secret<!-- x --></field>'),
        second('<field name="note"/>'),
        second(""),
        second('<field name="note">a</field><field name="note">secret</field>'),
        second('<field name="note">secret</field>', start='<field name="id">2</field>', end="\n"),
        second('<field name="note" base64="c2VjcmV0">secret</field>'),  # nothing was replaced
        second('<field name="note" base64="AA">\ufffd</field>'),
        second('<field name="note" base64="/w==">\ufffd</field>'),
        second('<field name="note" base64="AMOp">\ufffdsecret</field>'),
    ],
)
def test_xml_with_a_faulty_row(text: str) -> None:
    code, row = fault("xml", text.encode())
    assert code == "malformed"
    assert row in (2, None)  # where expat stops first, no row is known


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD.encode(),
        (HEAD + ROW).encode(),
        (HEAD + ROW + TAIL + "<!-- -->\n").encode(),
        (HEAD + ROW.replace(">a<", ">a\x01<") + TAIL).encode(),
        (HEAD + ROW.replace(">a<", ">secret &unknown;<") + TAIL).encode(),
        (HEAD + ROW.replace(">a<", ">secret]]><") + TAIL).encode(),
        HEAD.encode() + ROW.encode().replace(b">a<", b">secret\xff<") + TAIL.encode(),
        HEAD.replace("UTF-8", "x-none").encode() + TAIL.encode(),
        b'<!DOCTYPE t [<!ENTITY e SYSTEM "file:///etc/hostname">]>\n' + (ROW + TAIL).encode(),
        (HEAD + ROW + TAIL).encode("utf-16"),
    ],
)
def test_xml_that_no_writer_of_ours_writes(data: bytes) -> None:
    assert fault("xml", data) == ("malformed", None)


def test_the_row_is_counted_through_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_reader, "_BLOCK", 256)
    rows = [ROW] * 300
    rows[200] = ROW.replace('"note"', '"Note"')
    assert fault("xml", (HEAD + "".join(rows) + TAIL).encode()) == ("malformed", 201)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"id":1,"note":"secret"}', ("malformed", None)),
        (b'{"id":1,"note":"a"}\n\n', ("malformed", 2)),
        (b'{"id":1,"note":"a"}\n{"id":2,"note":secret}\n', ("malformed", 2)),
        (b'{"id":1,"note":"a"},\n', ("malformed", 1)),
        (b'{"id":1,"note":"a"}\n{"id":2}\n', ("malformed", 2)),
        (b'[{"id":1,"note":"a"}]\n', ("malformed", 1)),
        (b'{"id":1,"note":"secret\xff"}\n', ("encoding", None)),
        (b'{"note":"a","id":1}\n', ("header", None)),
        (b'{"id":1,"note":"secret","note":"a"}\n', ("malformed", None)),
        (b'{"id":1,"note":"a"}\n{"id":2,"note":"a","id":2}\n', ("malformed", None)),
        (b'{"id":1,"note" :"a"}\n', ("malformed", None)),
    ],
)
def test_ndjson_faults(data: bytes, expected: tuple[str, int | None]) -> None:
    assert fault("ndjson", data) == expected


def test_a_member_may_occur_twice_in_a_document_and_in_a_text() -> None:
    fields = [field('a":b', ValueKind.JSON), field("note", ValueKind.TEXT)]
    line = b'{"a\\":b":{"x":1,"x":{"y":"\\":"}},"note":"{\\"x\\":1}"}\n'
    read = [
        row for part in FORMATS["ndjson"].reader(io.BytesIO(line * 3), fields, {}) for row in part.to_pylist()
    ]
    assert read == [{'a":b': '{"x":1,"x":{"y":"\\":"}}', "note": '{"x":1}'}] * 3


def test_parquet_faults() -> None:
    def file(columns: dict[str, pa.Array]) -> bytes:
        sink = io.BytesIO()
        pq.write_table(pa.table(columns), sink)
        return sink.getvalue()

    good = file({"id": pa.array([1]), "note": pa.array(["secret"])})
    assert fault("parquet", b"PAR1 secret PAR1") == ("malformed", None)
    assert fault("parquet", good[:-1]) == ("malformed", None)
    assert fault("parquet", file({"note": pa.array(["a"]), "id": pa.array([1])})) == ("header", None)
    nested = file({"id": pa.array([1]), "note": pa.array([{"x": "secret"}])})
    assert fault("parquet", nested)[0] in ("header", "malformed")
