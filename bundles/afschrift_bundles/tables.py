"""Reads a table of a bundle as Arrow batches, from any of its formats, however many parts it has."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any, BinaryIO
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from afschrift_bundles.archive import Archive
from afschrift_bundles.columns import TEXT, UNFIT, UNMEASURED, Digits, candidates, converted
from afschrift_bundles.errors import damaged

FORMATS = ("parquet", "csv", "ndjson", "json", "xml")
"""In the order in which they are preferred: the first ones are read fastest."""
_ROWS = 20_000
_BLOCK, _LARGEST_BLOCK = 1 << 20, (1 << 31) - 1
_TOO_SMALL = "straddling"
"""In what pyarrow says of a row that is larger than a block."""
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

Json = dict[str, Any]
Row = list[str | None]


class TableReader:
    """One table.

    Attributes:
        parts: resources of its parts, in one format, in order.
        fields: as the package describes them.
    """

    def __init__(self, archive: Archive, resources: list[Json]) -> None:
        self._archive = archive
        formats = {resource["format"] for resource in resources}
        self.formats = [format_ for format_ in FORMATS if format_ in formats]
        self.format = self.formats[0]
        chosen = [resource for resource in resources if resource["format"] == self.format]
        self.parts = sorted(chosen, key=lambda part: part.get("afschrift:part", {}).get("number", 1))
        self.fields: list[Json] = self.parts[0]["schema"]["fields"]
        self.rows = sum(part["afschrift:rows"] for part in self.parts)
        self._block = _BLOCK

    @cached_property
    def schema(self) -> pa.Schema:
        """The types of all its values, after a look at each: every part of a table has the same types."""
        while True:
            try:
                return pa.schema(self._fitting_types({f["name"]: candidates(f) for f in self.fields}))
            except pa.ArrowInvalid as error:
                # A row larger than a block, such as one that holds a file: try larger ones.
                if _TOO_SMALL not in str(error) or self._block == _LARGEST_BLOCK:
                    raise damaged(f"data/{self.parts[0]['path']} cannot be read") from None
                self._block = min(16 * self._block, _LARGEST_BLOCK)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, in order."""
        for batch in self._texts(self.schema.names):
            columns = [converted(batch.column(field.name), field.type) for field in self.schema]
            yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _fitting_types(self, ladders: dict[str, list[pa.DataType]]) -> list[tuple[str, pa.DataType]]:
        """The first type of each column that takes all its values."""
        unsettled = [name for name, ladder in ladders.items() if ladder != [TEXT]] or [*ladders][:1]
        while unsettled:
            digits = {name: Digits() for name in unsettled if ladders[name][0] == UNMEASURED}
            unfit: set[str] = set()
            for batch in self._texts(unsettled):
                for name in set(unsettled) - unfit:
                    try:
                        if name in digits:
                            digits[name].count(batch.column(name))
                        else:
                            converted(batch.column(name), ladders[name][0])
                    except UNFIT:
                        unfit.add(name)
            for name, counted in digits.items():
                ladders[name][0] = counted.type()
            for name in unfit:
                del ladders[name][0]
            unsettled = [name for name in unfit if len(ladders[name]) > 1]
        return [(name, ladder[0]) for name, ladder in ladders.items()]

    def _texts(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        """Columns as texts, or in the types of a Parquet file."""
        for part in self.parts:
            with self._archive.open(f"data/{part['path']}") as stream:
                if self.format == "parquet":
                    file = pyarrow.parquet.ParquetFile(pa.BufferReader(stream.read()))
                    yield from file.iter_batches(_ROWS, columns=names)
                elif self.format == "csv":
                    yield from self._csv(stream, part, names)
                else:
                    rows = _xml(stream) if self.format == "xml" else self._json(stream)
                    yield from self._batches(rows, names)

    def _csv(self, stream: BinaryIO, part: Json, names: list[str]) -> Iterator[pa.RecordBatch]:
        convert = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, TEXT),
            include_columns=names,
            null_values=part["schema"]["missingValues"],
            strings_can_be_null=True,
        )
        parse = pyarrow.csv.ParseOptions(
            delimiter=part["dialect"]["delimiter"], newlines_in_values=True, ignore_empty_lines=False
        )
        read = pyarrow.csv.ReadOptions(block_size=self._block)
        yield from pyarrow.csv.open_csv(stream, read, parse, convert)

    def _batches(self, rows: Iterable[Row], names: list[str]) -> Iterator[pa.RecordBatch]:
        places = {field["name"]: at for at, field in enumerate(self.fields)}
        rows = iter(rows)
        while some := list(islice(rows, _ROWS)):
            columns = list(zip(*some, strict=True))
            yield pa.RecordBatch.from_arrays([pa.array(columns[places[n]], TEXT) for n in names], names=names)

    def _json(self, stream: BinaryIO) -> Iterator[Row]:
        """One object a line, in an array or not; numbers as they are written."""
        documents = [f.get("afschrift:kind") == "json" and f["type"] != "string" for f in self.fields]
        for line in io.TextIOWrapper(stream, encoding="utf-8", newline="\n"):
            if text := line.strip().lstrip("[,").rstrip(",]"):
                pairs = json.loads(text, parse_int=_Number, parse_float=_Number, object_pairs_hook=_Pairs)
                yield [
                    _text(value, document=document)
                    for (_, value), document in zip(pairs, documents, strict=True)
                ]


class _Number(str):
    """A number of JSON, as it is written."""


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON, with members that it has twice."""


def _text(value: Any, *, document: bool) -> str | None:
    if value is None:
        return None
    return str(value) if isinstance(value, str) and not document else _written(value)


def _written(value: Any) -> str:
    """The text of a JSON value, digit by digit."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, _Pairs):
        return "{" + ", ".join(f"{_written(name)}: {_written(item)}" for name, item in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _xml(stream: BinaryIO) -> Iterator[Row]:
    events = ElementTree.iterparse(stream, ("start", "end"))  # noqa: S314 (of a verified bundle)
    _, root = next(events)
    for event, element in events:
        if event == "end" and element.tag == "row":
            yield [_xml_text(field) for field in element]
            root.clear()


def _xml_text(field: ElementTree.Element) -> str | None:
    if field.get(_NIL) == "true":
        return None
    if exact := field.get("base64"):
        return base64.b64decode(exact).decode()
    return field.text or ""
