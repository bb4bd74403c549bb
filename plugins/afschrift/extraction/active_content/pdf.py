"""PDF: scripts, actions, embedded files and forms that are programs, by its objects and not by its text.

All objects that the file's tables name are read, those in compressed object streams among them, and names are
compared as a reader of PDF takes them (`/J#61vaScript` is `/JavaScript`; ISO 32000-2, 7.3.5).
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    StreamObject,
    TextStringObject,
)

from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.part import Budget, ClosedError, Found, Part

_MOST_OBJECTS = 200_000
_MOST_NESTED = 64

_BY_NAME = {
    "/S": {
        ActiveKind.SCRIPT: ("/JavaScript",),
        ActiveKind.ACTION: ("/Launch", "/SubmitForm", "/ImportData", "/GoToE"),
        ActiveKind.OBJECT: ("/Rendition", "/RichMediaExecute"),
    },
    "/Subtype": {
        ActiveKind.OBJECT: ("/RichMedia", "/Screen", "/Movie", "/3D"),
        ActiveKind.FILE: ("/FileAttachment",),
    },
}
_BY_TYPE: tuple[tuple[str, tuple[type, ...], ActiveKind], ...] = (
    ("/JS", (TextStringObject, ByteStringObject, StreamObject), ActiveKind.SCRIPT),
    ("/JavaScript", (DictionaryObject,), ActiveKind.SCRIPT),
    ("/EmbeddedFiles", (DictionaryObject,), ActiveKind.FILE),
    ("/EF", (DictionaryObject,), ActiveKind.FILE),
    ("/XFA", (ArrayObject, StreamObject), ActiveKind.XFA),
)

# Its warnings may hold values of the file.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)


def look(part: Part, budget: Budget) -> Found:
    """What of a PDF runs, and the files in it."""
    with PdfReader(io.BytesIO(part.content), strict=False) as reader:
        if reader.is_encrypted and not reader.decrypt(""):
            raise ClosedError  # it opens with a password alone
        files = 0
        yield from _kinds(reader.trailer)
        for seen, (idnum, generation) in enumerate(_ids(reader)):
            if seen > _MOST_OBJECTS:
                raise ClosedError
            found = reader.get_object(IndirectObject(idnum, generation, reader))
            yield from _kinds(found)
            if isinstance(found, StreamObject) and found.get("/Type") == "/EmbeddedFile":
                yield ActiveKind.FILE
                files += 1
                content = found.get_data()
                budget.take(len(content))
                yield part.inner(content, word="embedded", number=files)
            reader.resolved_objects.clear()


def _ids(reader: PdfReader) -> Iterator[tuple[int, int]]:
    for generation, table in reader.xref.items():
        yield from ((idnum, generation) for idnum in list(table))
    yield from ((idnum, 0) for idnum in list(reader.xref_objStm))


def _kinds(found: Any, depth: int = 0) -> Iterator[ActiveKind]:
    """Kinds that an object shows, with what it holds; other objects are looked at in their turn."""
    if depth > _MOST_NESTED:
        raise ClosedError
    if isinstance(found, DictionaryObject):
        yield from _dictionary(found)
        inside: Iterator[Any] = iter(dict.values(found))
    elif isinstance(found, ArrayObject):
        inside = list.__iter__(found)
    else:
        return
    for value in inside:
        yield from _kinds(value, depth + 1)


def _dictionary(found: DictionaryObject) -> Iterator[ActiveKind]:
    for key, kinds in _BY_NAME.items():
        name = _value(found, key)
        yield from (kind for kind, names in kinds.items() if name in names)
    yield from (kind for key, types, kind in _BY_TYPE if isinstance(_value(found, key), types))
    opened, triggers = _value(found, "/OpenAction"), _value(found, "/AA")
    if isinstance(opened, DictionaryObject) and _value(opened, "/S") != "/GoTo":
        yield ActiveKind.ACTION
    if isinstance(triggers, DictionaryObject):  # or a font or picture of that name
        actions = (_value(triggers, name) for name in triggers)
        if any(isinstance(action, DictionaryObject) and "/S" in action for action in actions):
            yield ActiveKind.ACTION


def _value(found: DictionaryObject, key: str) -> Any:
    """The value of a key, wherever it lies; None where it has none."""
    value = found.raw_get(key) if key in found else None
    return value.get_object() if isinstance(value, IndirectObject) else value
