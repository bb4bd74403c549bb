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
    NullObject,
    StreamObject,
    TextStringObject,
)

from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.part import Budget, ClosedError, Found, Part

_MOST_OBJECTS = 200_000
_MOST_NESTED = 64

_ACTIONS = {
    "/JavaScript": ActiveKind.SCRIPT,
    "/Launch": ActiveKind.ACTION,
    "/SubmitForm": ActiveKind.ACTION,
    "/ImportData": ActiveKind.ACTION,
    "/GoToE": ActiveKind.ACTION,
    "/Rendition": ActiveKind.OBJECT,
    "/RichMediaExecute": ActiveKind.OBJECT,
}
_SUBTYPES = {
    "/RichMedia": ActiveKind.OBJECT,
    "/Screen": ActiveKind.OBJECT,
    "/Movie": ActiveKind.OBJECT,
    "/3D": ActiveKind.OBJECT,
    "/FileAttachment": ActiveKind.FILE,
}

# What it warns of may hold values of the file.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)


def look(part: Part, budget: Budget) -> Found:
    """What of a PDF runs, and the files in it."""
    with PdfReader(io.BytesIO(part.content), strict=False) as reader:
        if reader.is_encrypted and not reader.decrypt(""):
            raise ClosedError  # it opens with a password alone
        number = 0
        yield from _of(reader.trailer, reader)
        for seen, (idnum, generation) in enumerate(_ids(reader)):
            if seen > _MOST_OBJECTS:
                raise ClosedError
            found = reader.get_object(IndirectObject(idnum, generation, reader))
            yield from _of(found, reader)
            if isinstance(found, StreamObject) and found.get("/Type") == "/EmbeddedFile":
                yield ActiveKind.FILE
                number += 1
                content = found.get_data()
                budget.take(len(content))
                yield part.inner(content, word="embedded", number=number)
            reader.resolved_objects.clear()


def _ids(reader: PdfReader) -> Iterator[tuple[int, int]]:
    for generation, table in reader.xref.items():
        yield from ((idnum, generation) for idnum in list(table))
    yield from ((idnum, 0) for idnum in list(reader.xref_objStm))


def _of(found: Any, reader: PdfReader, depth: int = 0) -> Iterator[ActiveKind]:
    """Kinds that an object shows, with what stands in it; other objects are looked at in their turn."""
    if depth > _MOST_NESTED:
        raise ClosedError
    if isinstance(found, DictionaryObject):
        yield from _dictionary(found)
        inside: Iterator[Any] = iter(dict.values(found))
    elif isinstance(found, ArrayObject):
        inside = list.__iter__(found)
    else:
        return
    for one in inside:
        yield from _of(one, reader, depth + 1)


def _dictionary(found: DictionaryObject) -> Iterator[ActiveKind]:
    action, subtype = _value(found, "/S"), _value(found, "/Subtype")
    if isinstance(action, str) and action in _ACTIONS:
        yield _ACTIONS[action]
    if isinstance(subtype, str) and subtype in _SUBTYPES:
        yield _SUBTYPES[subtype]
    if isinstance(_value(found, "/JS"), (TextStringObject, ByteStringObject, StreamObject)):
        yield ActiveKind.SCRIPT
    if isinstance(_value(found, "/JavaScript"), DictionaryObject):
        yield ActiveKind.SCRIPT
    if isinstance(_value(found, "/EmbeddedFiles"), DictionaryObject) or isinstance(
        _value(found, "/EF"), DictionaryObject
    ):
        yield ActiveKind.FILE
    if isinstance(_value(found, "/XFA"), (ArrayObject, StreamObject)):
        yield ActiveKind.XFA
    opened = _value(found, "/OpenAction")
    if isinstance(opened, DictionaryObject) and _value(opened, "/S") != "/GoTo":
        yield ActiveKind.ACTION
    if _additional(_value(found, "/AA")):
        yield ActiveKind.ACTION


def _additional(triggers: Any) -> bool:
    """Whether these are actions on events (`/AA`), and no font or picture of that name."""
    if not isinstance(triggers, DictionaryObject):
        return False
    actions = (_value(triggers, name) for name in triggers)
    return any(isinstance(one, DictionaryObject) and "/S" in one for one in actions)


def _value(found: DictionaryObject, name: str) -> Any:
    """What stands under a name, wherever it lies; None: nothing."""
    value = found.raw_get(name) if name in found else None
    if isinstance(value, IndirectObject):
        value = value.get_object()
    return None if isinstance(value, NullObject) else value
