"""Reads XML back with expat and polars, in flat memory; pyarrow wrote it.

Expat checks that the file is well-formed XML. Polars takes the values, whole columns at a time: no value
holds a bare `<`, so `</field>` always ends a value.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO
from xml.parsers import expat

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.plan import FieldPlan
from afschrift.formats.file_finding import UnreadableFileError, check_header
from afschrift.formats.xml.writer import attribute, replace_forbidden, unescape
from afschrift.values.written import text_schema

_BLOCK = 4 << 20  # smaller ones cost polars a third of its speed
_HEAD = re.compile(
    rb'<\?xml version="1\.0" encoding="UTF-8"\?>\n'
    rb'<table xmlns:xsi="http://www\.w3\.org/2001/XMLSchema-instance">\n'
)
_TAIL = b"</table>\n"
_ROW, _ROW_END = "<row>", "</row>\n"
_FIELD_END = "</field>"
_NAMES = re.compile(r'<field name=("[^"<]*"|\'[^\'<]*\')')
_NIL = ' xsi:nil="true">'
_BASE64 = ' base64="'
_RULE = "every row has the fields of the plan, each with its name and nothing but text"


def read_xml(
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],  # noqa: ARG001
) -> Iterator[pa.RecordBatch]:
    """Read batches of value forms (see `domain.files.Reader`).

    Raises:
        UnreadableFileError: `encoding`, `header` or `malformed`.
    """
    names = [attribute(field.name) for field in fields]
    schema = text_schema(fields)
    rows = 0
    for block in _whole_rows(stream):
        text = block.decode()  # expat has checked that it is UTF-8
        if not rows:
            _check_names(_NAMES.findall(text, 0, text.find(_ROW_END)), names, fields)
        columns = _columns(text, names)
        if columns is None:
            raise UnreadableFileError("malformed", _RULE, row=_first_fault(text, names, rows))
        batch = pa.RecordBatch.from_arrays(columns, schema=schema)
        yield batch
        rows += batch.num_rows


def _whole_rows(stream: BinaryIO) -> Iterator[bytes]:
    """Blocks of complete rows, of a file that expat accepts."""
    parser = expat.ParserCreate()
    pending = b""
    opened = False
    end_of_row = _ROW_END.encode()
    while block := stream.read(max(_BLOCK, len(pending))):
        _parse(parser, block, last=False)
        pending += block
        if not opened and (head := _HEAD.match(pending)):
            pending = pending[head.end() :]
            opened = True
        end = pending.rfind(end_of_row)
        if opened and end >= 0:
            yield pending[: end + len(end_of_row)]
            pending = pending[end + len(end_of_row) :]
    _parse(parser, b"", last=True)
    if not opened or pending != _TAIL:
        raise UnreadableFileError("malformed", "the document is a table with one row a line, and is closed")


def _parse(parser: expat.XMLParserType, block: bytes, *, last: bool) -> None:
    try:
        parser.Parse(block, last)
    except (expat.ExpatError, LookupError):  # LookupError: an unknown encoding
        raise UnreadableFileError("malformed", "the file is well-formed XML 1.0 in UTF-8") from None


def _check_names(found: Sequence[str], names: Sequence[str], fields: Sequence[FieldPlan]) -> None:
    known = zip(found, names, fields, strict=False)
    in_place = [field.name if name == expected else "" for name, expected, field in known]
    check_header(in_place + [""] * (len(found) - len(fields)), fields)


def _columns(text: str, names: Sequence[str]) -> list[pa.Array] | None:
    """The value forms of a block of complete rows; None if a row is malformed."""
    width = len(names)
    parts = pl.Series("part", [_ROW_END + text]).str.split(_FIELD_END).explode()
    rows, more = divmod(len(parts) - 1, width)  # what follows the last field is a part too
    if more or parts[-1] != _ROW_END or text.count("<") != rows * (2 + 2 * width):
        return None
    cells = (
        parts.head(-1)
        .to_frame()
        .select(
            pl.col("part").gather_every(width, position).alias(str(position)) for position in range(width)
        )
    )
    openings = [f"{'' if n else _ROW_END + _ROW}<field name={name}" for n, name in enumerate(names)]
    plain = {n: pl.col(str(n)).str.starts_with(opening + ">") for n, opening in enumerate(openings)}
    mixed = [
        n for n, all_plain in enumerate(cells.select(c.all() for c in plain.values()).row(0)) if not all_plain
    ]
    exact = {n: pl.col(str(n)).str.starts_with(openings[n] + _BASE64) for n in mixed}
    known = (plain[n] | exact[n] | (pl.col(str(n)) == openings[n] + _NIL) for n in mixed)
    if mixed and not all(cells.select(column.all() for column in known).row(0)):
        return None
    bare = [pl.col(str(n)).str.strip_prefix(opening + ">") for n, opening in enumerate(openings)]
    texts = cells.select(pl.when(plain[n]).then(text) if n in exact else text for n, text in enumerate(bare))
    columns = [unescape(_arrow(column)) for column in texts.get_columns()]
    for n in mixed:
        if cells.select(exact[n].any()).item():
            columns[n] = _put_exact_texts(columns[n], cells.to_series(n), openings[n] + _BASE64)
    return None if any(column is None for column in columns) else columns


def _arrow(column: pl.Series) -> pa.Array:
    return column.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())


def _put_exact_texts(texts: pa.Array, cells: pl.Series, opening: str) -> pa.Array | None:
    """Replace texts by their exact form in the attribute `base64`; None if one of them is malformed."""
    found = [_exact_text(cell.removeprefix(opening)) if cell.startswith(opening) else None for cell in cells]
    has_exact = cells.str.starts_with(opening)
    exact = pa.array(found, pa.string())
    return None if exact.null_count != (~has_exact).sum() else pc.coalesce(exact, texts)


def _exact_text(cell: str) -> str | None:
    """The exact text of `...">readable form`; None if it is malformed or does not match its readable form."""
    encoded, _, shown = cell.partition('">')
    try:
        exact = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    readable, count = replace_forbidden(pa.array([exact]))
    return exact if count and readable.equals(unescape(pa.array([shown]))) else None


def _first_fault(text: str, names: Sequence[str], rows: int) -> int | None:
    """Number of the first faulty row of a block that begins after `rows` rows."""
    records = (record + _ROW_END for record in text.split(_ROW_END)[:-1])
    return next((n for n, record in enumerate(records, rows + 1) if _columns(record, names) is None), None)
