"""The readers of NDJSON, compiled and on msgspec, judge alike what is awkward, in the same words."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import pytest
from tests.unit.formats.random_tables import field

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.deflate import FileRead, deflate, read_deflated
from afschrift.formats.file_finding import UnreadableFileError
from afschrift.formats.json.reader import read_records
from afschrift.formats.registry import FORMATS

FIELDS = (
    field("id", ValueKind.INTEGER),
    field("n", ValueKind.NUMBER),
    field("doc", ValueKind.JSON),
    field("note", ValueKind.TEXT),
)
GOOD = b'{"id":1,"n":0.5,"doc":{"a":1.10,"a":2},"note":"a"}\n'
TAKEN = {
    "a document digit by digit": (GOOD, '{"a":1.10,"a":2}'),
    "beyond every number": (
        b'{"id":1,"n":0.5,"doc":[1e400,123456789012345678901234567890],"note":"a"}\n',
        "",
    ),
    "an integer as text": (b'{"id":"9007199254740993","n":"NaN","doc":null,"note":"a"}\n', ""),
    "minus zero": (b'{"id":1,"n":-0.0,"doc":"\\ud83d\\ude00","note":"\\u0000"}\n', ""),
    "what looks like a member": (b'{"id":1,"n":1,"doc":{"x":"\\":"},"note":":\\":"}\n', ""),
}
REFUSED = {
    "a member twice": b'{"id":1,"n":1,"doc":1,"note":"a","note":"a"}\n',
    "a member too few": b'{"id":1,"n":1,"doc":1}\n',
    "a member too many": b'{"id":1,"n":1,"doc":1,"note":"a","more":1}\n',
    "a trailing comma": b'{"id":1,"n":1,"doc":[1,],"note":"a"}\n',
    "half a pair in a text": b'{"id":1,"n":1,"doc":1,"note":"\\ud800"}\n',
    "half a pair in a document": b'{"id":1,"n":1,"doc":"\\ud800","note":"a"}\n',
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "no UTF-8": b'{"id":1,"n":1,"doc":1,"note":"\xff"}\n',
    "NaN that is no text": b'{"id":1,"n":NaN,"doc":1,"note":"a"}\n',
    "a number too large": b'{"id":1,"n":1e400,"doc":1,"note":"a"}\n',
    "a number for a text": b'{"id":1,"n":1,"doc":1,"note":1}\n',
    "nested beyond all depth": b'{"id":1,"n":1,"doc":' + b"[" * 9_000 + b"]" * 9_000 + b',"note":"a"}\n',
    "a line break in a row": b'{"id":1,"n":1,\n"doc":1,"note":"a"}\n',
    "two objects on a line": GOOD[:-1] + GOOD,
    "a comment": b'{"id":1,"n":1,"doc":1,"note":"a"} // secret\n',
}
Judged = FileRead | tuple[str, str, str | None, int | None]


def by_msgspec(stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Iterator[Any]:
    return read_records(stream, fields, lines=True, compiled=False)


READERS = {"registered": FORMATS["ndjson"], "msgspec": replace(FORMATS["ndjson"], reader=by_msgspec)}


def judged(data: bytes, reader: str) -> Judged:
    try:
        return read_deflated(
            io.BytesIO(deflate(data)), READERS[reader], "shop/a.ndjson", FIELDS, {}, forms=True
        )
    except UnreadableFileError as error:
        return error.code, error.rule, error.field, error.row


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("case", TAKEN)
def test_what_is_taken_gives_the_same_values(case: str, reader: str) -> None:
    data, document = TAKEN[case]
    found = judged(GOOD + data, reader)
    assert isinstance(found, FileRead)
    assert (found.contents.rows, found.contents.offences) == (2, ())
    assert found == judged(GOOD + data, "registered")
    if document:
        [batch] = READERS[reader].reader(io.BytesIO(data), FIELDS, {})
        assert batch.column("doc").to_pylist() == [document]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_refused_in_the_same_words(case: str, reader: str) -> None:
    found = judged(GOOD + REFUSED[case], reader)
    assert isinstance(found, tuple)
    assert "secret" not in str(found)
    assert found == judged(GOOD + REFUSED[case], "registered")


@pytest.mark.parametrize("more", [-1, 1])
def test_a_stream_cut_short_or_with_something_behind_it(more: int) -> None:
    content = deflate(GOOD)
    content = content[:more] if more < 0 else content + b"x"
    with pytest.raises(UnreadableFileError):
        read_deflated(io.BytesIO(content), FORMATS["ndjson"], "a", FIELDS, {}, forms=True)
