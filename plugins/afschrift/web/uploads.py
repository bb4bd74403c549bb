"""Reads what a page's form sends (`multipart/form-data`, RFC 7578), part by part and within limits.

Fields stay in memory. Files go into veiled temporary files: nothing of them stands on a disk in clear.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from afschrift.core.errors import FormError
from afschrift.web.veil import Veil

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELDS_BYTES = 4_000_000
"""Of all fields together that are no files."""

AT_MOST = 1_000
"""Parts of one form."""


@dataclass
class Upload:
    """A file that came with a form.

    Attributes:
        name: as the browser gave it; may name a person.
        too_large: it was longer than is taken, and is not whole here.
    """

    name: str
    content: Veil = field(default_factory=Veil, repr=False)
    too_large: bool = False


@dataclass
class Sent:
    """What a form sent.

    Attributes:
        fields: name and value in their order; a line break is one line feed.
        files: those that were chosen.
    """

    fields: list[tuple[str, str]] = field(default_factory=list, repr=False)
    files: list[Upload] = field(default_factory=list, repr=False)

    def one(self, name: str) -> str:
        """The last value of a field; empty where there is none."""
        return next((v for n, v in reversed(self.fields) if n == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a field that is not empty."""
        return [v for n, v in self.fields if n == name and v]

    def close(self) -> None:
        """Remove the temporary files."""
        for file in self.files:
            file.content.close()


async def read(request: Request, sent: Sent, file_bytes: int) -> None:
    """Read the body of a request into `sent`, which the caller closes.

    Args:
        request: whose body it is.
        sent: takes what is read.
        file_bytes: of one file; what goes beyond is dropped, and said of it.

    Raises:
        FormError: it is no such form, or too long; repeats nothing of it.
    """
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise _unreadable()
    form = _Form(sent, file_bytes)
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for chunk in request.stream():
            await run_in_threadpool(parser.write, chunk)
        parser.finalize()
    except FormParserError:
        raise _unreadable() from None
    if not form.ended:
        raise _unreadable()


class _Form:
    """Takes the parts in as the parser finds them."""

    def __init__(self, sent: Sent, file_bytes: int) -> None:
        self.ended = False
        self._sent, self._file_bytes = sent, file_bytes
        self._left, self._parts = FIELDS_BYTES, 0
        self._header, self._value, self._disposition = b"", b"", b""
        self._field, self._text, self._file = "", bytearray(), None  # type: str, bytearray, Upload | None

    def callbacks(self) -> MultipartCallbacks:
        """As the parser calls them."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._open,
            "on_part_data": self._data,
            "on_part_end": self._close,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > AT_MOST:
            raise _too_long()
        self._disposition, self._field, self._text, self._file = b"", "", bytearray(), None

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end].lower()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _open(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field = options.get(b"name", b"").decode(errors="replace")
        name = options.get(b"filename")
        if name:  # empty: a field for a file in which nothing was chosen
            found = name.decode(errors="replace").replace("\\", "/").rpartition("/")[2]
            self._file = Upload(found or "file")
            self._sent.files.append(self._file)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._left -= end - start
            if self._left < 0:
                raise _too_long()
            self._text += data[start:end]
        elif self._file.content.size + end - start > self._file_bytes:
            self._file.too_large = True
        else:
            self._file.content.write(data[start:end])

    def _close(self) -> None:
        if self._file is None:
            text = self._text.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
            self._sent.fields.append((self._field, text))

    def _end(self) -> None:
        self.ended = True


@contextmanager
def opened() -> Iterator[Sent]:
    """A place for what a form sends, whose files are gone afterwards."""
    sent = Sent()
    try:
        yield sent
    finally:
        sent.close()


def _unreadable() -> FormError:
    return FormError("What was sent is no form of these pages.", {}, way_out="open the page anew, send that.")


def _too_long() -> FormError:
    return FormError(
        "The form is longer than is taken.", {}, way_out="shorten its texts. Nothing was recorded."
    )
