"""Add texts and documents to a case file, each checked before it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO

from afschrift.domain.errors import RefusedError
from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.inspect import Inspector
from afschrift.extraction.media_type import extension
from afschrift.law.case_documents import checked_content, media_type, too_large
from afschrift.register.register import Register

PART_BYTES = 1 << 20

_RUNS = frozenset(ActiveKind) - {ActiveKind.OLD_OFFICE, ActiveKind.OTHER_KIND, ActiveKind.UNREADABLE}

NO_ID_COPY = (
    "A copy of an identity document must not be kept (R11): record the check itself with `afschrift request "
    "confirm-identity`, and destroy the copy."
)


def add_text(register: Register, owner: str, kind: str, content: bytes, by: str, *, at_most: int) -> str:
    """Keep a note, or a text that was received or sent; returns its id.

    Args:
        register: of this installation.
        owner: a request, or a case where the text belongs to no single request.
        kind: `note`, `received` or `sent`.
        content: UTF-8 text.
        by: who adds it.
        at_most: bytes.

    Raises:
        UnknownRequestError: no such case or request.
        RefusedError: empty, too large, no text, or the owner's data key was destroyed.
    """
    if len(content) > at_most:
        raise too_large(at_most)
    try:
        empty = not content.decode().strip()
    except UnicodeDecodeError:
        raise RefusedError(
            "This is no text in UTF-8.", remedy="add it with --kind document, or save it as UTF-8."
        ) from None
    if empty:
        raise RefusedError("The text is empty.")
    return register.cases.add_text(owner, kind, content, by)


def add_document(
    register: Register, owner: str, name: str, content: BinaryIO, by: str, *, at_most: int, id_copy: bool
) -> str:
    """Keep a document, read in parts; returns its id. Where it is refused half-way, nothing is kept.

    Args:
        register: of this installation.
        owner: a request, or a case where the document belongs to no single request.
        name: of its file, without folders; kept encrypted.
        content: the open file, at its beginning.
        by: who adds it.
        at_most: bytes.
        id_copy: a person says that it holds a copy of an identity document; software cannot see that.

    Raises:
        UnknownRequestError: no such case or request.
        RefusedError: a copy of an identity document (R11), too large, of a kind that is not kept, holds
            something that may run, or the owner's data key was destroyed.
        OSError: the file cannot be read to its end.
    """
    if id_copy:
        raise RefusedError("The document was not kept.", remedy=NO_ID_COPY)
    first = content.read(PART_BYTES)
    kind = media_type(name, first)
    parts = chain([first], iter(partial(content.read, PART_BYTES), b""))
    # Stored so that an auditor sees that a person was asked and answered.
    detail = {"id_copy": False}
    content_ = _without_programs(name, kind, checked_content(name, parts, at_most))
    return register.documents.add(owner, content_, by, name=name, media_type=kind, detail=detail)


def _without_programs(name: str, media_type_: str, parts: Iterator[bytes]) -> Iterator[bytes]:
    """Pass parts on, and refuse the document at its end if something in it may run where officers open it.

    Raises:
        RefusedError: it may.
    """
    inspector = Inspector(extension(name, media_type_), media_type_, name)
    for part in parts:
        inspector.write(part)
        yield part
    found = sorted({part.kind for part in inspector.found()} & _RUNS)
    if found:
        raise RefusedError(
            f"Something in this document may run where it is opened ({', '.join(found)}).",
            remedy="print it to PDF, and keep that. What is the person's own goes into the answer from its "
            "system, and an officer is asked about it.",
        )
