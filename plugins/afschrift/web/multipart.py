"""Read forms of pages (`multipart/form-data`, RFC 7578), part by part and within limits.

Fields stay in memory. Files go into encrypted temporary files, so that none of them is on a disk in clear.
"""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from afschrift.domain.errors import FormError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


_BLOCK = 16


class EncryptedTempFile(io.BufferedIOBase):
    """A file that is written once from beginning to end, then read at will. Closing it destroys its key.

    It protects against readers of the disk and back-ups. It does not detect alterations: what is read is
    compared with the SHA-256 of what was scanned (`casework/manual/scan.py`).
    """

    def __init__(self) -> None:
        self._key, self._file = os.urandom(32), TemporaryFile(prefix="afschrift-")  # noqa: SIM115
        self._size = self._at = 0

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._size

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Append."""
        self._file.seek(self._size)
        self._file.write(self._crypt(self._size, data))
        self._size += len(data)
        self._at = self._size
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """Read from the present position; empty at the end."""
        self._file.seek(self._at)
        data = self._crypt(self._at, self._file.read(-1 if size is None else size))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The present position."""
        return self._at

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Remove it with its key."""
        self._file.close()
        self._key = b""
        super().close()

    def _crypt(self, at: int, data: bytes) -> bytes:
        block, within = divmod(at, _BLOCK)
        stream = Cipher(AES(self._key), CTR(block.to_bytes(_BLOCK))).encryptor()
        stream.update(bytes(within))
        return stream.update(data)


FIELDS_BYTES = 4_000_000
"""Most bytes of all fields together, without files."""

BODY_BYTES = 2 * FIELDS_BYTES
"""Most bytes of a whole body without its files: fields, headers and boundaries."""

FILES_TOGETHER = 4
"""Most bytes of all files of a form, as a multiple of the limit for one file."""

AT_MOST = 4_000
"""Parts of one form."""

NAMES_BEYOND = 200
"""Fields with a new name that are taken beyond `AT_MOST`, such as those at the end of a long form."""

PARTS_READ = 4 * AT_MOST
"""A form with more parts is refused whole."""

HEADER_BYTES = 10_000
"""Most bytes of the headers of one part."""

FILES_AT_MOST = 500
"""Files of one form: each is open until the answer is recorded, and a process may open 1,024 as a rule."""


@dataclass
class SentFile:
    """A file that came with a form.

    Attributes:
        name: as the browser gave it; may name a person.
        too_large: it was longer than is taken, and is not whole here.
    """

    name: str
    content: EncryptedTempFile = field(default_factory=EncryptedTempFile, repr=False)
    too_large: bool = False


@dataclass
class Sent:
    """The fields and files of a form.

    Attributes:
        fields: name and value, in order; line breaks are line feeds.
        files: those that were chosen, as far as they are taken.
        chosen: files were chosen, taken or not.
        cut: more came than is taken, and is not here.
    """

    fields: list[tuple[str, str]] = field(default_factory=list, repr=False)
    files: list[SentFile] = field(default_factory=list, repr=False)
    chosen: bool = False
    cut: bool = False

    def value(self, name: str) -> str:
        """The last value of a field; empty where there is none."""
        return next((v for n, v in reversed(self.fields) if n == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a field that is not empty."""
        return [v for n, v in self.fields if n == name and v]

    def typed(self, name: str) -> list[str]:
        """What was typed into a field of a form (`questions/fields.py`)."""
        return self.all(f"f.{name}")

    def close(self) -> None:
        """Remove the temporary files."""
        for file in self.files:
            file.content.close()


async def read(request: Request, sent: Sent, file_bytes: int = 0, take: Callable[[], bool] = bool) -> None:
    """Read the body of a request into `sent`, which the caller closes.

    Args:
        request: whose body it is.
        sent: takes what is read.
        file_bytes: of one file; what goes beyond is dropped, and the file is marked. 0: the form takes none.
        take: asked when a file begins; if it returns False, nothing of that file is written anywhere.

    Raises:
        FormError: it is no such form, or longer than a body may be (if its Content-Length says so, nothing
            is read); repeats nothing of it.
    """
    most = BODY_BYTES + FILES_TOGETHER * file_bytes
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise _unreadable()
    form = _Form(sent, file_bytes, take)
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for chunk in chunks(request, most, "form"):
            await run_in_threadpool(parser.write, chunk)
        parser.finalize()
    except FormParserError:
        raise _unreadable() from None
    if not form.ended:
        raise _unreadable()


async def chunks(request: Request, most: int, what: str) -> AsyncIterator[bytes]:
    """The body, chunk by chunk; if its Content-Length is too long, nothing is read.

    Raises:
        FormError: it is longer than is taken.
    """
    length, came = request.headers.get("Content-Length", ""), 0
    if length.isdecimal() and (len(length) > 15 or int(length) > most):
        raise _too_long(most, what)
    async for chunk in request.stream():
        came += len(chunk)
        if came > most:
            raise _too_long(most, what)
        yield chunk


def _too_long(most: int, what: str) -> FormError:
    files = ", its files together" if what == "form" else ""
    return FormError(
        f"The {what} is longer than the {most / 1_000_000:,.0f} MB that are taken{files}.",
        {},
        remedy="go back, and send less: shorter texts, fewer files. Nothing was recorded.",
    )


class _Form:
    """Stores the parts as the parser finds them."""

    def __init__(self, sent: Sent, file_bytes: int, take: Callable[[], bool]) -> None:
        self.ended = False
        self._sent, self._file_bytes, self._take = sent, file_bytes, take
        self._left, self._parts, self._names, self._drop = FIELDS_BYTES, 0, set[str](), False
        self._beyond = self._header_bytes = 0
        self._header, self._value, self._disposition = b"", b"", b""
        self._field, self._text, self._file = "", bytearray(), None  # type: str, bytearray, SentFile | None

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
        self._parts, self._header_bytes = self._parts + 1, 0
        if self._parts > PARTS_READ:
            raise FormError(
                f"The form has more than the {PARTS_READ:,} fields, ticks and files that are read.",
                {},
                remedy="go back, and send less. Nothing was recorded.",
            )
        self._disposition, self._field, self._text, self._file = b"", "", bytearray(), None

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += self._of_header(data, start, end).lower()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._of_header(data, start, end)

    def _of_header(self, data: bytes, start: int, end: int) -> bytes:
        self._header_bytes += end - start
        if self._header_bytes > HEADER_BYTES:
            raise FormParserError("headers too long")
        return data[start:end]

    def _header_end(self) -> None:
        if self._header == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _open(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field = options.get(b"name", b"").decode(errors="replace")
        name = options.get(b"filename")
        self._left -= len(self._disposition)
        beyond = self._parts > AT_MOST
        self._beyond += beyond and self._field not in self._names
        known = self._field in self._names or self._beyond > NAMES_BEYOND
        self._drop = self._left < 0 or (beyond and known)
        if not self._drop:
            self._names.add(self._field)
        if name:  # empty: a field for a file in which nothing was chosen
            self._sent.chosen = True
            self._drop |= len(self._sent.files) >= FILES_AT_MOST
        self._sent.cut |= self._drop
        if name and not self._drop:
            self._drop = not (self._file_bytes and self._take())
        if name and not self._drop:
            found = name.decode(errors="replace").replace("\\", "/").rpartition("/")[2]
            self._file = SentFile(found or "file")
            self._sent.files.append(self._file)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._drop:
            return
        if self._file is None:
            self._sent.cut |= end - start > self._left
            end = min(end, start + self._left)
            self._left -= end - start
            self._text += data[start:end]
        elif self._file.content.size + end - start > self._file_bytes:
            self._file.too_large = True
        else:
            self._file.content.write(data[start:end])

    def _close(self) -> None:
        if self._file is None and not self._drop:
            text = self._text.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
            self._sent.fields.append((self._field, text))

    def _end(self) -> None:
        self.ended = True


@contextmanager
def sent_form() -> Iterator[Sent]:
    """An empty `Sent`, whose temporary files are removed afterwards."""
    sent = Sent()
    try:
        yield sent
    finally:
        sent.close()


def _unreadable() -> FormError:
    return FormError("What was sent is no form of these pages.", {}, remedy="open the page anew, send that.")
