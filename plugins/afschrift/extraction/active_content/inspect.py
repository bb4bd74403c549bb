"""Looks into a file, into the files in it, and so on, and says where what may run was found.

What is hostile ends as `unreadable` at its place, never as an error: a person judges the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from afschrift.domain.files import ActiveKind, ActivePart
from afschrift.extraction.active_content import containers, ole, signatures, texts
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

_MOST_FOUND = 100
_MOST_TEXT = 16_000_000
_TEXTS = ("txt", "csv", "tsv", "md", "log", "json", "ics", "vcf", "xml", "html", "htm")
_CELLS = ("csv", "tsv", "tab")


class Inspector:
    """Takes a file as it passes, and looks into it at its end.

    Args:
        ending: that it has in the bundle; `bin` says nothing.
        media_type: as declared.
        name: of the file or its path, for the ending alone, where that of the bundle says nothing.
        read: is given each text in it, with its position.
    """

    def __init__(
        self, ending: str, media_type: str | None, name: str | None = None, read: Read | None = None
    ) -> None:
        self._read = read
        self._ending = extension_of(name) if ending == "bin" else ending
        self._media_type = (media_type or "").partition(";")[0].strip().lower()
        self._held, self._size = bytearray(), 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; of a file that is too large to look into its beginning stays."""
        self._size += len(chunk)
        if len(self._held) <= signatures.BEGINNING or self._size <= MOST_BYTES:
            self._held += chunk
        else:
            del self._held[signatures.BEGINNING :]

    def found(self) -> tuple[ActivePart, ...]:
        """What was found in it, each once, in the order of its parts."""
        content = bytes(self._held)
        if self._size > MOST_BYTES and not signatures.only_looked_at(content):
            return (ActivePart("", ActiveKind.UNREADABLE),)
        return inspect(Part(content, self._ending, self._media_type), self._read)


def inspect(part: Part, read: Read | None = None) -> tuple[ActivePart, ...]:
    """What was found in a file and in all files in it; at most a hundred findings.

    Args:
        part: the file.
        read: is given each text in it, with its position; of a file with more findings only the first ones.
    """
    found: dict[ActivePart, None] = {}
    for finding in _walk(part, Budget(len(part.content), read)):
        found[finding] = None
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
            for found in detector(part, budget):
                if isinstance(found, Part):
                    yield from _walk(found, budget)
                else:
                    yield found if isinstance(found, ActivePart) else ActivePart(part.position, found)
    except Exception:  # whatever a damaged or hostile file makes a reader do: a person judges, nothing stops
        yield ActivePart(part.position, ActiveKind.UNREADABLE)


def _text(part: Part) -> str | None:
    """The content of a text file; of an office file, a PDF or a picture nothing is read."""
    plain = part.media_type.startswith("text/") or part.ending in _TEXTS
    if part.in_office or not plain or containers.is_email(part) or len(part.content) > _MOST_TEXT:
        return None
    text = texts.text_of(part.content)
    return None if "\0" in text else text


def _detectors(part: Part) -> Iterator[Detector]:
    """Each that a program may take the file for: one file may be several things at once."""
    yield _by_beginning
    yield from (detector for fits, detector in _BY_FORM if fits(part))


def _by_beginning(part: Part, _: Budget) -> Found:
    beginning = part.content[: signatures.BEGINNING]
    if signatures.runs(beginning) or (not part.in_office and signatures.program_by_name(part.ending)):
        yield ActiveKind.PROGRAM
    elif not part.in_office and signatures.disagrees(beginning, part.ending, part.media_type):
        yield ActiveKind.OTHER_KIND
    if beginning.startswith(b"ActiveMime"):
        yield ActiveKind.MACRO
    if beginning.startswith(signatures.LOCKED):
        raise ClosedError


def _pdf(part: Part, budget: Budget) -> Found:
    from afschrift.extraction.active_content import pdf  # its library takes a tenth of a second to load

    yield from pdf.look(part, budget)


_BY_FORM: tuple[tuple[Callable[[Part], bool], Detector], ...] = (
    (lambda part: signatures.PDF in part.content[: signatures.BEGINNING], _pdf),
    (lambda part: part.content.startswith(signatures.OLE), ole.look),
    (lambda part: part.content.lstrip()[:4] == b"{\\rt", texts.look_at_rtf),
    (containers.is_email, containers.open_email),
    (texts.is_markup, texts.look_at_markup),
    (lambda part: part.ending in _CELLS or part.media_type == "text/csv", texts.look_at_cells),
    (containers.is_compressed, containers.decompress),
    (lambda part: part.content[257:262] == b"ustar", containers.untar),
    (containers.is_zip, containers.unzip),
)
