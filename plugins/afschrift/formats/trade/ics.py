"""iCalendar (RFC 5545): appointments. Written by icalendar, read back by vobject, one at a time."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import vobject
from icalendar import Event

from afschrift.domain.plan import FieldPlan
from afschrift.formats.file_finding import UnreadableFileError
from afschrift.values.written import text_schema

_HEAD, _TAIL = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Afschrift//EN\r\n", "END:VCALENDAR\r\n"
_NAMES = ("dtstart", "dtend", "summary", "description", "location")
_BLOCK, _ROWS = 1 << 20, 1_024
Row = Sequence[str | None]


class ComponentWriter(ABC):
    """Writes each row as a component, between a head and a tail."""

    head = tail = ""

    def __init__(self, sink: BinaryIO, _fields: Sequence[FieldPlan], options: Mapping[str, str]) -> None:
        self.options, self._sink, self._rows = dict(options), sink, 0
        sink.write(self.head.encode())

    @abstractmethod
    def component(self, number: int, values: Row) -> bytes:
        """A row of the file."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            self._rows += 1
            self._sink.write(self.component(self._rows, values))

    def close(self) -> None:
        """Write the tail."""
        self._sink.write(self.tail.encode())


class IcsWriter(ComponentWriter):
    """Writes appointments."""

    head, tail = _HEAD, _TAIL

    def component(self, number: int, values: Row) -> bytes:
        """An appointment; the moment of its making is required, and not known."""
        event, text = Event(), repr((number, values)).encode()
        event.add("uid", f"{hashlib.sha256(text).hexdigest()[:32]}@afschrift")
        event.add("dtstamp", datetime(1970, 1, 1, tzinfo=UTC))
        for name, value in zip(_NAMES, values, strict=True):
            if value is not None:
                parse = (date if len(value) == 10 else datetime).fromisoformat
                event.add(name, parse(value) if name.startswith("dt") else value)
        content: bytes = event.to_ical(sorted=False)
        return content


def read(stream: BinaryIO, fields: Sequence[FieldPlan], _options: Mapping[str, str]) -> Iterator[Any]:
    """Read batches of appointments; errors as of `read_components`."""
    return read_components(stream, fields, "VEVENT", _row, _HEAD, _TAIL)


def _row(component: str) -> Row:
    contents = vobject.readOne(_HEAD + component + _TAIL).vevent.contents
    return [_text(contents[name][0].value) if name in contents else None for name in _NAMES]


def _text(value: str | date) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else value


def read_components(
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    name: str,
    row: Callable[[str], Row],
    head: str = "",
    tail: str = "",
) -> Iterator[Any]:
    """Read batches of components that follow each other between a head and a tail.

    Raises:
        UnreadableFileError: `malformed`.
    """
    rows = map(row, _components(stream, f"END:{name}\r\n".encode(), head, tail))
    try:
        while batch := list(islice(rows, _ROWS)):
            columns = [pa.array(column, pa.string()) for column in zip(*batch, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))
    except (vobject.base.VObjectError, AttributeError, ValueError, TypeError, KeyError):
        rule = "the file has components of one kind and nothing else"
        raise UnreadableFileError("malformed", rule) from None


def _components(stream: BinaryIO, end: bytes, head: str, tail: str) -> Iterator[str]:
    pending, first = b"", True
    while block := stream.read(_BLOCK):
        *whole, pending = (pending + block).split(end)
        for component in whole:
            text = (component + end).decode()
            if first and not text.startswith(head):
                raise ValueError
            yield text.removeprefix(head) if first else text
            first = False
    if pending.decode() != (head + tail if first else tail):
        raise ValueError
