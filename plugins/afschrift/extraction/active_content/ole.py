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

Path = tuple[str, ...]

_ATTACHMENT = "__attach_version1.0_#"
_DATA, _MESSAGE = "__substg1.0_37010102", "__substg1.0_3701000d"
_PROPERTIES = "__properties_version1.0"
_NAMES = ("__substg1.0_3707001f", "__substg1.0_3704001f", "__substg1.0_3707001e", "__substg1.0_3704001e")
_TYPES = ("__substg1.0_370e001f", "__substg1.0_370e001e")
_BODIES = {"__substg1.0_10130102": "html", "__substg1.0_1000001f": "txt", "__substg1.0_1000001e": "txt"}
_INSTALLER = "000C1084-0000-0000-C000-000000000046"
_WORD_DDE = re.compile(rb"\x13\s{0,20}DDE(?:AUTO)?\b|\x13\0(?:\s\0){0,20}D\0D\0E\0", re.IGNORECASE)
_MOST_STREAMS = 10_000

_BOUNDSHEET, _SUPBOOK, _FILEPASS = 0x0085, 0x01AE, 0x002F
_EX_OLE_OBJECT = 0x1011


def look(part: Part, budget: Budget) -> Found:
    """What of a compound file runs, and the files in it."""
    with olefile.OleFileIO(part.content) as ole:
        streams = {tuple(name.lower() for name in path): path for path in ole.listdir()}
        if len(streams) > _MOST_STREAMS:
            raise ClosedError
        if (ole.root.clsid or "").upper() == _INSTALLER:
            yield ActiveKind.PROGRAM
        if ("encryptedpackage",) in streams:
            raise ClosedError  # an office file under a password
        if (_PROPERTIES,) in streams:
            yield from _message(part, budget, ole, streams, ())
            return
        if not part.in_office:
            yield ActiveKind.OLD_OFFICE
        yield from _names(streams)
        for name, read in (("workbook", _excel), ("book", _excel), ("worddocument", _word)):
            if (name,) in streams:
                yield from read(_read(ole, streams, (name,), budget))
        if ("powerpoint document",) in streams:
            yield from _powerpoint(part, budget, _read(ole, streams, ("powerpoint document",), budget))


def _names(streams: dict[Path, list[str]]) -> Iterator[ActiveKind]:
    """What the names of storages and streams show."""
    for path in streams:
        if (
            "vba" in path[:-1]
            or path[-1] in ("_vba_project", "vba_project_cur")
            or "_vba_project_cur" in path
        ):
            yield ActiveKind.MACRO
        if (
            path[0] == "objectpool"
            or path[0].startswith("mbd")
            or path[-1] in ("\x01ole10native", "\x01ole10itemname")
        ):
            yield ActiveKind.OBJECT


def _message(
    part: Part, budget: Budget, ole: olefile.OleFileIO, streams: dict[Path, list[str]], at: Path
) -> Found:
    """A message of Outlook (MS-OXMSG): its text and attachments; a message in it has its own."""
    depth = len(at)
    for name, ending in _BODIES.items():
        if (*at, name) in streams:
            content = _read(ole, streams, (*at, name), budget)
            if name.endswith("1f"):
                content = content.decode("utf-16-le", "replace").encode()
            yield part.inner(content, ending, word="text", number=1)
    folders = sorted({path[depth] for path in streams if path[:depth] == at and len(path) > depth + 1})
    attachments = [name for name in folders if name.startswith(_ATTACHMENT)]
    for number, name in enumerate(attachments, 1):
        folder = (*at, name)
        if (*folder, _DATA) in streams:
            content = _read(ole, streams, (*folder, _DATA), budget)
            title, kind = (
                _text(ole, streams, folder, _NAMES, budget),
                _text(ole, streams, folder, _TYPES, budget),
            )
            yield part.inner(content, extension_of(title), kind.lower(), word="attachment", number=number)
            continue
        inner = part.inner(b"", word="attachment", number=number)
        budget.enter(inner)
        if (*folder, _MESSAGE, _PROPERTIES) in streams:
            yield from _message(inner, budget, ole, streams, (*folder, _MESSAGE))
        else:
            yield ActivePart(inner.position, ActiveKind.OBJECT)


def _excel(workbook: bytes) -> Iterator[ActiveKind]:
    """Records of a workbook (MS-XLS, 2.1.4): sheets of macros, and links to programs and to other files."""
    at = 0
    while at + 4 <= len(workbook):
        record, size = struct.unpack_from("<HH", workbook, at)
        data = workbook[at + 4 : at + 4 + size]
        at += 4 + size
        if record == _FILEPASS:
            raise ClosedError
        if record == _BOUNDSHEET and len(data) > 5 and data[5] == 1:
            yield ActiveKind.MACRO
        if record == _SUPBOOK and len(data) > 4 and data[2:4] not in (b"\x01\x04", b"\x01\x3a"):
            yield ActiveKind.DDE if b"\x03" in data[4:] else ActiveKind.REMOTE


def _word(document: bytes) -> Iterator[ActiveKind]:
    if _WORD_DDE.search(document):
        yield ActiveKind.DDE


def _powerpoint(part: Part, budget: Budget, document: bytes) -> Found:
    """Records of a presentation (MS-PPT, 2.3.1): objects and macros lie in compressed storages."""
    at = 0
    while at + 8 <= len(document):
        version, record, size = struct.unpack_from("<HHI", document, at)
        at += 8
        if record == _EX_OLE_OBJECT:
            data = document[at : at + size]
            if version >> 4 == 1:
                inflate = zlib.decompressobj()
                data = inflate.decompress(data[4:], MOST_BYTES)
                if inflate.unconsumed_tail:
                    raise ClosedError
            budget.take(len(data))
            yield ActiveKind.OBJECT
            yield part.inner(data)
        at += 0 if version & 0xF == 0xF else size  # a container holds records


def _text(
    ole: olefile.OleFileIO, streams: dict[Path, list[str]], at: Path, names: tuple[str, ...], budget: Budget
) -> str:
    for name in names:
        if (*at, name) in streams:
            content = _read(ole, streams, (*at, name), budget)
            return content.decode("utf-16-le" if name.endswith("1f") else "latin-1", "replace")
    return ""


def _read(ole: olefile.OleFileIO, streams: dict[Path, list[str]], path: Path, budget: Budget) -> bytes:
    content: bytes = ole.openstream(streams[path]).read()
    budget.take(len(content))
    return content
