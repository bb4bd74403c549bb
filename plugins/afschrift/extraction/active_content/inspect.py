"""Inspects a file and all files in it, and reports the position of what may run.

A hostile file is reported as `unreadable`, never as an error: a person judges it.
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
    """Collects a file's bytes as they pass, and inspects it at its end.

    Args:
        ending: ending of its name in the bundle; `bin` means unknown.
        media_type: as declared.
        name: name or path of the file; its ending is used if the one in the bundle is `bin`.
        read: called with the position and content of each text in the file.
    """

    def __init__(
        self, ending: str, media_type: str | None, name: str | None = None, read: Read | None = None
    ) -> None:
        self._read = read
        self._ending = extension_of(name) if ending == "bin" else ending
        self._media_type = (media_type or "").partition(";")[0].strip().lower()
        self._kept, self._size = bytearray(), 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; of a file that is too large only the beginning is kept."""
        self._size += len(chunk)
        if len(self._kept) <= signatures.BEGINNING or self._size <= MOST_BYTES:
            self._kept += chunk
        else:
            del self._kept[signatures.BEGINNING :]

    def found(self) -> tuple[ActivePart, ...]:
        """Findings without duplicates, in the order of the file's parts."""
        content = bytes(self._kept)
        if self._size > MOST_BYTES and not signatures.only_looked_at(content):
            return (ActivePart("", ActiveKind.UNREADABLE),)
        return inspect(Part(content, self._ending, self._media_type), self._read)


def inspect(part: Part, read: Read | None = None) -> tuple[ActivePart, ...]:
    """Inspect a file and all files in it; at most a hundred findings.

    Args:
        part: the file.
        read: called with the position and content of each text, until there are a hundred findings.
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
    except Exception:  # see below
        yield ActivePart(part.position, ActiveKind.UNREADABLE)
        return
    if text and budget.read:
        budget.read(part.position, text)  # outside of `try`: an error here is not the file's
    try:
        for detector in _detectors(part):
            for found in detector(part, budget):
                if isinstance(found, Part):
                    yield from _walk(found, budget)
                else:
                    yield found if isinstance(found, ActivePart) else ActivePart(part.position, found)
    except Exception:  # a hostile file may raise anything in a library: a person judges, and no run stops
        yield ActivePart(part.position, ActiveKind.UNREADABLE)


def _text(part: Part) -> str | None:
    """The content of a text file; None for office files, PDFs and pictures."""
    plain = part.media_type.startswith("text/") or part.ending in _TEXTS
    if part.in_office or not plain or containers.is_email(part) or len(part.content) > _MOST_TEXT:
        return None
    text = texts.text_of(part.content)
    return None if "\0" in text else text


def _detectors(part: Part) -> Iterator[Detector]:
    """Every detector that applies: a file may be valid in several formats at once."""
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
    from afschrift.extraction.active_content import pdf  # pypdf takes a tenth of a second to import

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
