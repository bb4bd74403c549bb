"""Checks of documents for a case file: their kind, by the name's suffix and the first bytes, and their size.

To accept a further kind of document, add a line to `_TYPES`. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from afschrift.domain.errors import RefusedError

_ZIP, _OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
_TEXT = None
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."

_TYPES: dict[str, tuple[str, tuple[bytes, ...] | None]] = {
    ".csv": ("text/csv", _TEXT),
    ".docx": (f"{_OFFICE}wordprocessingml.document", (_ZIP,)),
    ".eml": ("message/rfc822", _TEXT),
    ".jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".json": ("application/json", _TEXT),
    ".md": ("text/markdown", _TEXT),
    ".msg": ("application/vnd.ms-outlook", (_OLE,)),
    ".ods": (f"{_OPEN}spreadsheet", (_ZIP,)),
    ".odt": (f"{_OPEN}text", (_ZIP,)),
    ".pdf": ("application/pdf", (b"%PDF-",)),
    ".png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ".tif": ("image/tiff", (b"II*\0", b"MM\0*")),
    ".tiff": ("image/tiff", (b"II*\0", b"MM\0*")),
    ".txt": ("text/plain", _TEXT),
    ".xlsx": (f"{_OFFICE}spreadsheetml.sheet", (_ZIP,)),
}
"""Suffix -> media type, and the first bytes of such a file (None: it is text). Kinds that may hold programs,
scripts or macros are left out, and so are archives."""

SUFFIXES = tuple(_TYPES)


def media_type(name: str, beginning: bytes) -> str:
    """Media type of a document.

    Args:
        name: of its file; only the suffix counts.
        beginning: its first bytes.

    Raises:
        RefusedError: it is empty, of a kind that is not kept, or not what its suffix says. The message does
            not repeat the name, which may name a person.
    """
    suffix = _suffix(name)
    if not beginning:
        raise RefusedError("The document is empty.")
    if suffix not in _TYPES:
        raise RefusedError(
            "A document of this kind is not kept in a case file.",
            remedy=f"give one of {', '.join(SUFFIXES)}; print anything else to PDF. Programs, archives and "
            "files with macros are never kept.",
        )
    kind, beginnings = _TYPES[suffix]
    if not (_is_text(beginning) if beginnings is None else beginning.startswith(beginnings)):
        raise _something_else(suffix)
    return kind


def checked_content(name: str, parts: Iterable[bytes], at_most: int) -> Iterator[bytes]:
    """Pass the parts of a document on, and check them on the way.

    Args:
        name: of its file, which `media_type` accepted.
        parts: its content in order.
        at_most: most bytes of the whole.

    Raises:
        RefusedError: it is too large, or a text file holds bytes that are no text.
    """
    suffix, size, text = _suffix(name), 0, None
    for part in parts:
        size += len(part)
        if size > at_most:
            raise too_large(at_most)
        if text is None:
            text = _TYPES[suffix][1] is None and not part.startswith(_UTF16)
        if text and b"\0" in part:
            raise _something_else(suffix)
        yield part


def too_large(at_most: int) -> RefusedError:
    """The error for a document with more bytes than a case file takes."""
    return RefusedError(
        f"This is larger than the {at_most / 1_000_000:g} MB that a case file takes.",
        remedy="make it smaller or give it in pieces; the operator of the service may raise "
        "AFSCHRIFT_DOCUMENT_MEGABYTES.",
    )


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _is_text(beginning: bytes) -> bool:
    return b"\0" not in beginning or beginning.startswith(_UTF16)


def _something_else(suffix: str) -> RefusedError:
    return RefusedError(
        f"The document is named {suffix}, but its content is something else.",
        remedy="look at what it is; give it the ending that it should have.",
    )
