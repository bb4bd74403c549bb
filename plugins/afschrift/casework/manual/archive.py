"""Looking into ZIP files, office files among them: neither bombs nor what nobody can open.

What an archive declares is not believed: every member is inflated, and its bytes are counted and thrown away.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from copy import copy
from dataclasses import dataclass
from typing import BinaryIO

from afschrift.domain.errors import RefusedError

CHUNK = 1 << 20
MEMBERS = 20_000
RATIO = 100
"""Bytes that one byte of an archive may become, where it unpacks to more than `_SMALL` bytes."""

_SMALL = 10_000_000
_UNPACKED = 4
"""An archive may unpack to so many times the bytes that one file may have."""

_DEPTH = 3
_INNER = 100_000_000
"""Bytes of an archive in an archive: it is looked into in memory, so that nothing of it touches a disk."""

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

    def spent(self, more: int = 0) -> bool:
        """Whether it unpacks, with so many bytes more, to far more than it should."""
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
            if len(members) > MEMBERS or budget.spent(declared):
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
            "A ZIP file has a password, so nobody can see what is in it.",
            remedy="unpack it and give the files in it. Nothing was recorded.",
        )
    if member.is_dir():
        return
    believed = copy(member)
    believed.file_size = budget.most + 1  # so that more than was declared is not cut off, but seen
    first, held, seen = b"", io.BytesIO(), 0
    with archive.open(believed) as stream:
        while chunk := stream.read(CHUNK):
            first = first or chunk[:64]
            seen += len(chunk)
            budget.unpacked += len(chunk)
            if seen > member.file_size or budget.spent():
                raise _bomb()
            if first.startswith(b"PK\x03\x04"):
                if seen > _INNER or budget.depth + 1 >= _DEPTH:
                    raise _bomb()
                held.write(chunk)
    if held.tell():
        budget.depth += 1
        look_into(held, "zip", budget)
        budget.depth -= 1


def _office(names: list[str], ending: str) -> str | None:
    """What an archive is by what stands in it; None: what was told of it may stay."""
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
