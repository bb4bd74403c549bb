"""OLE compound files (MS-CFB): old Word, Excel and PowerPoint files, and Outlook's messages."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

import olefile

from afschrift.domain.files import ActiveKind, ActivePart
from afschrift.extraction.active_content.part import (
    MOST_BYTES,
    Budget,
    ClosedError,
    Found,
    Part,
    extension_of,
)

_MOST_STREAMS = 10_000
_INSTALLER = "000C1084-0000-0000-C000-000000000046"
_BY_PATH = (
    (re.compile(r"(^|/)(vba/|_vba_project$|_?vba_project_cur(/|$))"), ActiveKind.MACRO),
    (re.compile(r"^objectpool(/|$)|^mbd|(^|/)\x01ole10(native|itemname)$"), ActiveKind.OBJECT),
)
_WORD_DDE = re.compile(rb"\x13\s{0,20}DDE(?:AUTO)?\b|\x13\0(?:\s\0){0,20}D\0D\0E\0", re.IGNORECASE)
_BOUNDSHEET, _SUPBOOK, _FILEPASS = 0x0085, 0x01AE, 0x002F
_POWERPOINT_OBJECT = re.compile(rb"([\0\x10])\0\x11\x10(....)", re.DOTALL)

# properties of a message (MS-OXPROPS), which end with their type: 001F and 001E are texts
_PROPERTIES = "__properties_version1.0"
_BODIES = {"__substg1.0_10130102": "html", "__substg1.0_1000001f": "txt", "__substg1.0_1000001e": "txt"}
_ATTACHMENT = "__attach_version1.0_#"
_DATA, _MESSAGE = "__substg1.0_37010102", "__substg1.0_3701000d"
_NAMES = ("__substg1.0_3707001f", "__substg1.0_3704001f", "__substg1.0_3707001e", "__substg1.0_3704001e")
_TYPES = ("__substg1.0_370e001f", "__substg1.0_370e001e")


class _Streams:
    """The streams of a compound file by their paths, in lower case with slashes."""

    def __init__(self, ole: olefile.OleFileIO, budget: Budget) -> None:
        self._ole, self._budget = ole, budget
        self.paths = {"/".join(path).lower(): path for path in ole.listdir()}
        if len(self.paths) > _MOST_STREAMS:
            raise ClosedError

    def read(self, path: str) -> bytes:
        """Content of a stream; empty if there is none."""
        if path not in self.paths:
            return b""
        content: bytes = self._ole.openstream(self.paths[path]).read()
        self._budget.take(len(content))
        return content

    def text(self, folder: str, names: tuple[str, ...]) -> str:
        """Text of the first of these properties that a message has."""
        name = next((name for name in names if folder + name in self.paths), "")
        encoding = "utf-16-le" if name.endswith("1f") else "latin-1"
        return self.read(folder + name).decode(encoding, "replace")


def look(part: Part, budget: Budget) -> Found:
    """Inspect a compound file and the files in it."""
    with olefile.OleFileIO(part.content) as ole:
        streams = _Streams(ole, budget)
        if (ole.root.clsid or "").upper() == _INSTALLER:
            yield ActiveKind.PROGRAM
        if "encryptedpackage" in streams.paths:
            raise ClosedError  # an office file with a password
        if _PROPERTIES in streams.paths:
            yield from _message(part, budget, streams, "")
            return
        if not part.in_office:
            yield ActiveKind.OLD_OFFICE
        yield from (kind for path in streams.paths for pattern, kind in _BY_PATH if pattern.search(path))
        yield from _excel(streams.read("workbook"))
        yield from _excel(streams.read("book"))
        if _WORD_DDE.search(streams.read("worddocument")):
            yield ActiveKind.DDE
        yield from _powerpoint(part, budget, streams.read("powerpoint document"))


def _message(part: Part, budget: Budget, streams: _Streams, folder: str) -> Found:
    """A message of Outlook (MS-OXMSG): its text and attachments, and those of messages attached to it."""
    for name, ending in _BODIES.items():
        if folder + name in streams.paths:
            body = streams.read(folder + name)
            if name.endswith("1f"):
                body = body.decode("utf-16-le", "replace").encode()
            yield part.inner(body, ending, word="text", number=1)
    below = (path.removeprefix(folder) for path in streams.paths if path.startswith(folder))
    attachments = sorted({path.partition("/")[0] for path in below if path.startswith(_ATTACHMENT)})
    for number, name in enumerate(attachments, 1):
        at = f"{folder}{name}/"
        if at + _DATA in streams.paths:
            ending, kind = extension_of(streams.text(at, _NAMES)), streams.text(at, _TYPES).lower()
            yield part.inner(streams.read(at + _DATA), ending, kind, word="attachment", number=number)
            continue
        inner = part.inner(b"", word="attachment", number=number)
        budget.enter(inner)
        if f"{at}{_MESSAGE}/{_PROPERTIES}" in streams.paths:
            yield from _message(inner, budget, streams, f"{at}{_MESSAGE}/")
        else:
            yield ActivePart(inner.position, ActiveKind.OBJECT)


def _excel(workbook: bytes) -> Iterator[ActiveKind]:
    """Records of a workbook (MS-XLS, 2.1.4): macro sheets, and links to programs and to other files."""
    at = 0
    while at + 4 <= len(workbook):
        record, size = struct.unpack_from("<HH", workbook, at)
        data = workbook[at + 4 : at + 4 + size]
        at += 4 + size
        if record == _FILEPASS:
            raise ClosedError
        if record == _BOUNDSHEET and data[5:6] == b"\1":
            yield ActiveKind.MACRO
        if record == _SUPBOOK and len(data) > 4 and data[2:4] not in (b"\x01\x04", b"\x01\x3a"):
            yield ActiveKind.DDE if b"\x03" in data[4:] else ActiveKind.REMOTE


def _powerpoint(part: Part, budget: Budget, document: bytes) -> Found:
    """Records of a presentation (MS-PPT, 2.3.1): objects and macros, often compressed."""
    at = 0
    while found := _POWERPOINT_OBJECT.search(document, at):
        at = found.end() + int.from_bytes(found[2], "little")
        data = document[found.end() : at]
        if found[1] == b"\x10":
            inflate = zlib.decompressobj()
            data = inflate.decompress(data[4:], MOST_BYTES)
            if inflate.unconsumed_tail:
                raise ClosedError
        budget.take(len(data))
        yield ActiveKind.OBJECT
        yield part.inner(data)
