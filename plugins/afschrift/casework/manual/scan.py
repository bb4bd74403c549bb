"""Files that a person found in a system: what they are by their content, and whether they are accepted.

The ending of a name proves nothing: the first bytes show the type, and the name only chooses among the types
that these allow. A file that cannot be looked into is refused. Every member of an archive is inflated, and
its bytes are counted and discarded, because the declared sizes cannot be trusted. What may run when it is
opened is accepted, and an officer is asked about it (`casework/columns/judged_files.py`): a macro of the
person is their data too.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import puremagic

from afschrift.domain.errors import RefusedError
from afschrift.extraction.active_content.signatures import OLE, ZIPS, runs
from afschrift.extraction.media_type import extension, media_type_of
from afschrift.law.manual_search import NewFile

CHUNK = 1 << 20
MEMBERS = 20_000
RATIO = 100
"""Highest ratio of unpacked to packed bytes, for archives that unpack to more than `_SMALL` bytes."""

_SMALL = 10_000_000
_UNPACKED = 4
"""Highest ratio of an archive's unpacked bytes to the bytes that one file may have."""

_DEPTH = 3
_INNER = 100_000_000
"""Most bytes of an archive in an archive. It is inflated in memory, so that none of it reaches a disk."""

_OFFICE = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}


@dataclass
class UnpackBudget:
    """What an archive, with all in it, may still unpack to.

    Attributes:
        file_bytes: bytes that one file may have.
        size: bytes of the archive itself.
        depth: how many archives it is inside of.
        unpacked: bytes that were unpacked so far, of all depths.
    """

    file_bytes: int
    size: int
    depth: int = 0
    unpacked: int = 0

    @property
    def most(self) -> int:
        """Bytes of all members together."""
        return self.file_bytes * _UNPACKED

    def exceeded(self, more: int = 0) -> bool:
        """Whether the archive, with `more` further bytes, unpacks to far more than it should."""
        unpacked = self.unpacked + more
        return unpacked > self.most or (unpacked > _SMALL and unpacked > RATIO * self.size)


def look_into(content: BinaryIO, ending: str, budget: UnpackBudget) -> str | None:
    """Look at every member of a ZIP file; the ending that its members show, where they show one.

    Raises:
        RefusedError: it blows up, has a password, or is damaged.
    """
    try:
        with zipfile.ZipFile(content) as archive:
            members = archive.infolist()
            declared = sum(member.file_size for member in members)
            if len(members) > MEMBERS or budget.exceeded(declared):
                raise _bomb()
            for member in members:
                _member(archive, member, budget)
            return _office([member.filename for member in members], ending)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise RefusedError(
            f"A ZIP or office file cannot be looked into ({type(error).__name__}): it is damaged, or packed "
            "in a way that is not known.",
            remedy="unpack it and give the files in it. Nothing was recorded.",
        ) from None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: UnpackBudget) -> None:
    if member.flag_bits & 0x1:
        raise RefusedError(
            "A ZIP file has a password, so what is in it cannot be seen.",
            remedy="unpack it and give the files in it. Nothing was recorded.",
        )
    if member.is_dir():
        return
    unlimited = copy(member)
    unlimited.file_size = budget.most + 1  # zipfile stops at the declared size; more must be seen
    first, inner, seen = b"", io.BytesIO(), 0
    with archive.open(unlimited) as stream:
        while chunk := stream.read(CHUNK):
            first = first or chunk[:64]
            seen += len(chunk)
            budget.unpacked += len(chunk)
            if seen > member.file_size or budget.exceeded():
                raise _bomb()
            if first.startswith(b"PK\x03\x04"):
                if seen > _INNER or budget.depth + 1 >= _DEPTH:
                    raise _bomb()
                inner.write(chunk)
    if inner.tell():
        budget.depth += 1
        look_into(inner, "zip", budget)
        budget.depth -= 1


def _office(names: list[str], ending: str) -> str | None:
    """The ending that an archive's members show; None: the ending it has may stay."""
    if "[Content_Types].xml" in names:
        return next(
            (kind for folder, kind in _OFFICE.items() if any(n.startswith(folder) for n in names)), "zip"
        )
    if "mimetype" in names and ending in ("odt", "ods"):
        return None
    return "zip"


def _bomb() -> RefusedError:
    return RefusedError(
        "A ZIP or office file unpacks to far more than it should (a zip bomb); it is not taken.",
        remedy="ask where it comes from; else unpack it and give the files that are about the person. "
        "Nothing was recorded.",
    )


PART_BYTES = 1 << 20

_OLD_OFFICE = ("doc", "xls", "ppt", "msg")

_TAKEN = (
    *_OLD_OFFICE,
    *("png", "jpg", "jpeg", "tif", "tiff", "gif", "webp", "heic", "bmp"),
    *("docx", "xlsx", "pptx", "odt", "ods", "zip"),
    *("pdf", "rtf", "mp3", "m4a", "wav", "ogg", "opus", "mp4", "mov", "webm"),
)
"""Endings of the accepted kinds that the first bytes tell apart."""

_TEXTS = ("txt", "csv", "tsv", "md", "eml", "mbox", "json", "xml", "ics", "vcf", "log")
"""Endings that a text keeps; another one becomes txt."""

_PAGES = ("html", "htm", "xhtml", "svg")
"""Texts that may run scripts where they are opened."""

_MEDIA_TYPES = {"log": "text/plain", "md": "text/markdown", "tsv": "text/tab-separated-values"} | {
    "mbox": "application/mbox",
    "msg": "application/vnd.ms-outlook",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "rtf": "application/rtf",
    "opus": "audio/ogg",
}


def scan(name: str, content: BinaryIO, size: int, at_most: int) -> NewFile:
    """Look at a file; it is read once here, and once more where its parts are kept.

    Args:
        name: of the file, without folders.
        content: the open file, which can be sought in.
        size: its bytes, as the system says.
        at_most: bytes of one file.

    Raises:
        RefusedError: too large, empty, a program, an archive that cannot be looked into or that blows up, or
            of a kind that is not taken. The name is left out: it may name a person.
    """
    if size > at_most:
        raise too_large(at_most)
    content.seek(0)
    beginning = content.read(PART_BYTES)
    if not beginning:
        raise RefusedError("The file is empty.", remedy="look at it; where nothing is held, say so.")
    ending = _kind(name, beginning)
    if beginning.startswith(ZIPS):
        content.seek(0)
        ending = look_into(content, ending, UnpackBudget(at_most, size)) or ending
    found, seen = hashlib.sha256(), 0
    content.seek(0)
    for part in iter(partial(content.read, PART_BYTES), b""):
        seen += len(part)
        if seen > at_most:
            raise too_large(at_most)
        found.update(part)
    media_type = _MEDIA_TYPES.get(ending) or media_type_of(ending, None)
    sha256 = found.hexdigest()
    return NewFile(_named(name, ending), media_type, seen, sha256, _again(content, seen, sha256))


def too_large(at_most: int) -> RefusedError:
    """The refusal of a file with more bytes than are taken."""
    return RefusedError(
        f"A file is larger than the {at_most / 1_000_000:g} MB that are taken.",
        remedy="give it in pieces, or only what is about the person; the operator may raise "
        "AFSCHRIFT_MANUAL_MEGABYTES. Nothing was recorded.",
    )


def _again(content: BinaryIO, size: int, sha256: str) -> Iterator[bytes]:
    """The file's parts again; refuses a file that changed since it was looked at."""
    found, seen = hashlib.sha256(), 0
    content.seek(0)
    for part in iter(partial(content.read, PART_BYTES), b""):
        found.update(part)
        seen += len(part)
        if seen > size:
            break
        yield part
    if (seen, found.hexdigest()) != (size, sha256):
        raise RefusedError(
            "A file changed while it was read.", remedy="close it elsewhere and give it again."
        )


def _kind(name: str, beginning: bytes) -> str:
    """The ending that the content allows: the name's own, or else the likeliest one."""
    if runs(beginning):
        raise RefusedError(
            "A file is a program or a script: that is not taken as it is.",
            remedy="leave it out; or, where it is the person's own, give it in a ZIP file: an officer is "
            "asked. Nothing was recorded.",
        )
    own = extension(name, None)
    found = _candidates(beginning)
    if beginning.startswith(OLE):
        found = list(_OLD_OFFICE)
    elif _is_text(beginning):  # a few letters begin many kinds: a text that begins with BMW is no bitmap
        found = [ending for ending in found if ending in ("pdf", "rtf", *_PAGES)] or [*_TEXTS]
    if own in found and own in (*_TAKEN, *_TEXTS):
        return own
    for ending in found:
        if ending in (*_TAKEN, *_TEXTS):
            return ending
    raise RefusedError(
        "A file of this kind is not taken: by its content it is neither text, e-mail, PDF, image, sound, "
        "film, office file nor ZIP.",
        remedy="print it to PDF, or export it as text or CSV. Nothing was recorded.",
    )


def _candidates(beginning: bytes) -> list[str]:
    try:
        matches = puremagic.magic_string(beginning)
    except puremagic.PureError:
        return []
    return [match.extension.lstrip(".").lower() for match in matches]


def _is_text(beginning: bytes) -> bool:
    if b"\0" in beginning:
        return beginning.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        beginning.decode()
    except UnicodeDecodeError as error:
        return len(beginning) - error.start < 4 and len(beginning) == PART_BYTES  # a sign that was cut
    return True


def _named(name: str, ending: str) -> str:
    """The name with the ending that the content has."""
    stem = name.rpartition("/")[2]
    return stem if extension(stem, None) == ending else f"{stem}.{ending}"
