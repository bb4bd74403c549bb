"""Two readers of a format beside each other, and the compiled one where it is there."""

import io
import os
import random
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest
from tests.unit.formats.random_tables import field

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats import native_library
from afschrift.formats.file_finding import UnreadableFileError
from afschrift.formats.json.reader import read_records
from afschrift.values.written import text_schema

Judged = list[dict[str, str | None]] | tuple[str, int | None]
"""The rows of a file, or the code and the row of its fault."""


def require_native() -> None:
    """Skip where JSON has no compiled reader; in CI that is a failure."""
    if native_library.library() is not None:
        return
    reason = "afschrift-native is not installed (`make venv` builds it where there is a C compiler)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def judged(data: bytes, fields: Sequence[FieldPlan], *, lines: bool, compiled: bool = True) -> Judged:
    """What a reader says of a file; of sound columns alone, if it takes it."""
    return judge(read_records(io.BytesIO(data), fields, lines=lines, compiled=compiled))


def judge(batches: Iterator[pa.RecordBatch]) -> Judged:
    rows = []
    try:
        for batch in batches:
            batch.validate(full=True)
            rows += batch.to_pylist()
    except UnreadableFileError as error:
        assert error.__suppress_context__ or error.__context__ is None
        return error.code, error.row
    return rows


def both(data: bytes, fields: Sequence[FieldPlan], *, lines: bool) -> tuple[Judged, Judged]:
    """What msgspec's and the compiled reader say."""
    return judged(data, fields, lines=lines, compiled=False), judged(data, fields, lines=lines)


def document(records: Sequence[bytes], *, lines: bool) -> bytes:
    return (
        b"".join(record + b"\n" for record in records) if lines else b"[\n" + b",\n".join(records) + b"\n]\n"
    )


KINDS = [
    ValueKind.TEXT,
    ValueKind.INTEGER,
    ValueKind.NUMBER,
    ValueKind.BOOLEAN,
    ValueKind.JSON,
    ValueKind.DATE,
]
MIXED = [field(kind.value, kind) for kind in KINDS] + [field('a "name":\n', ValueKind.TEXT)]
ROWS = [
    ["plain", "1", "0.5", "true", '{"a":[1,{"b":null}],"c":"\\u00e9"}', "2024-01-01", "x"],
    [None, None, None, None, None, None, None],
    ['say "é"\n', "9007199254740993", "NaN", "false", "[1, 2.50]", "infinity", ""],
    ["👩‍👩‍👧 \\ \t", "-42", "-0", "true", '"text"', "0044-03-15 (BC)", '":'],
    ["", "0", "1e+300", "false", "[[],{}]", "2024-02-29", "\ufeff"],
]


def mixed() -> pa.RecordBatch:
    columns = [pa.array([row[place] for row in ROWS], pa.string()) for place in range(len(MIXED))]
    return pa.RecordBatch.from_arrays(columns, schema=text_schema(MIXED))


_PIECES = (
    b'"', b"\\", b"\n", b",\n", b"{", b"}", b"[", b"]", b":", b",", b" ", b"\t", b"\r", b"\x00", b"\x1f", b"\x7f",
    b"\xff", b"\xc3", b"\xc3\xa9", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"null", b"true", b"-",
    b"+", b".", b"0", b"1", b"9", b"e", b"E5", b"e400", b"e-7", b'\\"', b"\\u", b"\\u0000", b"\\ud800",
    b"\\ud83d\\ude00", b"\\u00e", b"//", b"NaN", b"{}", b"[]", b'":', b'"x":1,',
)  # fmt: skip


def mutated(data: bytes, random_: random.Random) -> bytes:
    """One to three changes: of a bit, a byte, a stretch, a line."""
    for _ in range(random_.choice((1, 1, 1, 2, 3))):
        at = random_.randrange(len(data) + 1)
        end = min(len(data), at + random_.choice((1, 1, 1, 2, 4, 16)))
        lines = data.split(b"\n")
        first, other = random_.randrange(len(lines)), random_.randrange(len(lines))
        change = random_.randrange(8)
        if change == 0 and at < len(data):
            data = data[:at] + bytes([data[at] ^ 1 << random_.randrange(8)]) + data[at + 1 :]
        elif change == 1:
            data = data[:at] + data[end:]
        elif change == 2:
            data = data[:end] + data[at:]
        elif change == 3:
            data = data[:at] + random_.choice(_PIECES) + data[at:]
        elif change == 4:
            data = data[:at] + random_.choice(_PIECES) + data[end:]
        elif change == 5:
            lines[first], lines[other] = lines[other], lines[first]
            data = b"\n".join(lines)
        elif change == 6:
            data = b"\n".join(lines[:first] + lines[first + 1 :] + [lines[first]] * (first == other))
        elif at:
            data = data[: at - 1] + data[at : at + 1] + data[at - 1 : at] + data[at + 1 :]
    return data
