"""Looks into a file, into the files in it, and so on, and says where what may run was found.

What is hostile ends as `unreadable` at its place, never as an error: whoever judges the file is told.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator

from afschrift.domain.files import ActiveKind, ActivePart
from afschrift.extraction.active_content import archives, email_parts, markup, rtf
from afschrift.extraction.active_content.dde import cells_start_a_program
from afschrift.extraction.active_content.part import (
    MOST_BYTES,
    Budget,
    ClosedError,
    Detector,
    Found,
    Part,
    Read,
    extension_of,
)
from afschrift.extraction.active_content.signatures import (
    BEGINNING,
    LOCKED,
    OLE,
    PDF,
    ZIPS,
    disagrees,
    only_looked_at,
    program_by_name,
    runs,
)

_MOST_FOUND = 100
_MOST_TEXT = 16_000_000
_TEXTS = ("txt", "csv", "tsv", "md", "log", "json", "ics", "vcf", "xml", "html", "htm")
_ACTIVE_MIME = b"ActiveMime"
_CELLS = ("csv", "tsv", "tab")


class Inspector:
    """Takes a file as it passes, and looks into it at its end.

    Args:
        ending: that it has in the bundle; `bin` says nothing.
        media_type: as told.
        name: of the file or its path, for the ending alone, where that of the bundle says nothing.
        read: is given each text in it, with its position.
    """

    def __init__(
        self, ending: str, media_type: str | None, name: str | None = None, read: Read | None = None
    ) -> None:
        self._read = read
        told = (media_type or "").partition(";")[0].strip().lower()
        self._part = Part(b"", extension_of(name) if ending == "bin" else ending, told)
        self._held, self._size = bytearray(), 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; of a file that is too large to look into its beginning stays."""
        self._size += len(chunk)
        if len(self._held) <= BEGINNING or self._size <= MOST_BYTES:
            self._held += chunk
        elif len(self._held) > BEGINNING:
            del self._held[BEGINNING:]

    def found(self) -> tuple[ActivePart, ...]:
        """What was found in it, each once, in the order of its parts."""
        content = bytes(self._held)
        if self._size > MOST_BYTES and not only_looked_at(content):
            return (ActivePart("", ActiveKind.UNREADABLE),)
        return inspect(Part(content, self._part.ending, self._part.media_type), self._read)


def inspect(part: Part, read: Read | None = None) -> tuple[ActivePart, ...]:
    """What was found in a file and in all files in it; at most a hundred findings.

    Args:
        part: the file.
        read: is given each text in it, with its position; of a file with more findings only the first ones.
    """
    found: dict[ActivePart, None] = {}
    for one in _walk(part, Budget(len(part.content), read)):
        found[one] = None
        if len(found) >= _MOST_FOUND:
            break
    return tuple(found)


def _walk(part: Part, budget: Budget) -> Iterator[ActivePart]:
    try:
        budget.enter(part)
        text = _text(part) if budget.read else None
    except Exception:  # as below
        yield ActivePart(part.position, ActiveKind.UNREADABLE)
        return
    if text and budget.read:
        budget.read(part.position, text)  # its own errors are no fault of the file
    try:
        for detector in _detectors(part):
            for one in detector(part, budget):
                if isinstance(one, Part):
                    yield from _walk(one, budget)
                elif isinstance(one, ActivePart):
                    yield one
                else:
                    yield ActivePart(part.position, one)
    except Exception:  # whatever a damaged or hostile file makes a reader do: a person is told, nothing stops
        yield ActivePart(part.position, ActiveKind.UNREADABLE)


def _text(part: Part) -> str | None:
    """What stands in a file that is a text; of an office file, a PDF or a picture nothing is read."""
    plain = part.media_type.startswith("text/") or part.ending in _TEXTS
    if part.in_office or not plain or email_parts.is_email(part) or len(part.content) > _MOST_TEXT:
        return None
    text = markup.text_of(part.content)
    return None if "\0" in text else text


def _detectors(part: Part) -> Iterator[Detector]:
    """Each that a program may take the file for: one file may be several things at once."""
    yield _by_beginning
    content = part.content
    yield from (detector for fits, detector in _KINDS if fits(part))
    if content.startswith(ZIPS) or zipfile.is_zipfile(io.BytesIO(content)):
        yield archives.unzip


def _by_beginning(part: Part, _: Budget) -> Found:
    beginning = part.content[:BEGINNING]
    if runs(beginning) or (not part.in_office and program_by_name(part.ending)):
        yield ActiveKind.PROGRAM
    elif not part.in_office and disagrees(beginning, part.ending, part.media_type):
        yield ActiveKind.OTHER_KIND
    if beginning.startswith(_ACTIVE_MIME):
        yield ActiveKind.MACRO
    if beginning.startswith(LOCKED):
        raise ClosedError


def _pdf(part: Part, budget: Budget) -> Found:
    from afschrift.extraction.active_content import pdf  # its library takes a tenth of a second to load

    yield from pdf.look(part, budget)


def _compound(part: Part, budget: Budget) -> Found:
    from afschrift.extraction.active_content import ole

    yield from ole.look(part, budget)


def _cells(part: Part, _: Budget) -> Found:
    if cells_start_a_program(markup.text_of(part.content)):
        yield ActiveKind.DDE


_KINDS: tuple[tuple[Callable[[Part], bool], Detector], ...] = (
    (lambda part: PDF in part.content[:BEGINNING], _pdf),
    (lambda part: part.content.startswith(OLE), _compound),
    (lambda part: part.content.lstrip()[:4] == b"{\\rt", rtf.look),
    (email_parts.is_email, email_parts.look),
    (markup.is_markup, markup.look),
    (lambda part: part.ending in _CELLS or part.media_type == "text/csv", _cells),
    (lambda part: part.content.startswith(b"\x1f\x8b"), archives.gunzip),
    (lambda part: part.content.startswith(b"BZh"), archives.bunzip),
    (lambda part: part.content.startswith(b"\xfd7zXZ\0"), archives.unxz),
    (lambda part: part.content[257:262] == b"ustar", archives.untar),
)
