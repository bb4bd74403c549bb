"""Archives and compressed files: ZIP with office files among them, tar, gzip, bzip2, xz.

What they declare is not believed: each member is unpacked and its bytes are counted.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from copy import copy
from typing import Any

from afschrift.extraction.active_content.office import office_part
from afschrift.extraction.active_content.part import (
    MOST_BYTES,
    Budget,
    ClosedError,
    Found,
    Part,
    extension_of,
)
from afschrift.extraction.active_content.signatures import ZIPS

_MOST_MEMBERS = 20_000
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_COMPRESSED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}


def is_compressed(part: Part) -> bool:
    """Whether `decompress` reads a file."""
    return part.content.startswith(tuple(_COMPRESSED))


def decompress(part: Part, budget: Budget) -> Found:
    """The one file in a compressed file."""
    unpack = next(unpack for sign, unpack in _COMPRESSED.items() if part.content.startswith(sign))
    with unpack(io.BytesIO(part.content)) as stream:
        content = budget.read_stream(stream)
    yield part.inner(content, "svg" if part.ending == "svgz" else "", word="archived", number=1)


def is_zip(part: Part) -> bool:
    """Whether `unzip` reads a file; other bytes may precede the archive."""
    return part.content.startswith(ZIPS) or zipfile.is_zipfile(io.BytesIO(part.content))


def unzip(part: Part, budget: Budget) -> Found:
    """The members of a ZIP file; those of an office file are parts of it, and no files of their own."""
    with zipfile.ZipFile(io.BytesIO(part.content)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > _MOST_MEMBERS or any(member.flag_bits & 1 for member in members):
            raise ClosedError
        office = _is_office(archive)
        for number, member in enumerate(members, 1):
            unlimited = copy(member)
            unlimited.file_size = MOST_BYTES + 1  # so that more than was declared is seen, not cut off
            with archive.open(unlimited) as stream:
                content = budget.read_stream(stream, min(member.file_size, MOST_BYTES))
            if office:
                yield from office_part(part, member.filename, content)
            else:
                yield part.inner(content, extension_of(member.filename), word="archived", number=number)


def _is_office(archive: zipfile.ZipFile) -> bool:
    names = set(archive.namelist())
    if "[Content_Types].xml" in names:
        return True
    if "mimetype" not in names:
        return False
    with archive.open("mimetype") as stream:
        return stream.read(200).startswith(_OPEN_DOCUMENT)


def untar(part: Part, budget: Budget) -> Found:
    """The files of a tar archive; links are not followed."""
    with tarfile.open(fileobj=io.BytesIO(part.content), mode="r:") as archive:
        for number, member in enumerate(archive, 1):
            if number > _MOST_MEMBERS:
                raise ClosedError
            stream = archive.extractfile(member) if member.isfile() else None
            if stream:
                content = budget.read_stream(stream)
                yield part.inner(content, extension_of(member.name), word="archived", number=number)
