"""Archives and what is packed: ZIP with office files among them, tar, gzip, bzip2, xz.

What they declare is not believed: each member is unpacked and its bytes are counted.
"""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from copy import copy

from afschrift.extraction.active_content.office import office_part
from afschrift.extraction.active_content.part import (
    MOST_BYTES,
    Budget,
    ClosedError,
    Found,
    Part,
    extension_of,
)

_MOST_MEMBERS = 20_000
_STEP = 1 << 16
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"


def unzip(part: Part, budget: Budget) -> Found:
    """The members of a ZIP file; those of an office file are parts of it, and no files of their own."""
    with zipfile.ZipFile(io.BytesIO(part.content)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > _MOST_MEMBERS or any(member.flag_bits & 1 for member in members):
            raise ClosedError
        office = _is_office(archive)
        for number, member in enumerate(members, 1):
            content = _member(archive, member, budget)
            if office:
                yield from office_part(part, member.filename, content)
            else:
                ending = extension_of(member.filename)
                yield part.inner(content, ending, word="archived", number=number)


def _is_office(archive: zipfile.ZipFile) -> bool:
    names = set(archive.namelist())
    if "[Content_Types].xml" in names:
        return True
    if "mimetype" not in names:
        return False
    with archive.open("mimetype") as stream:
        return stream.read(200).startswith(_OPEN_DOCUMENT)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget) -> bytes:
    believed = copy(member)
    believed.file_size = MOST_BYTES + 1  # so that more than was declared is not cut off, but seen
    held = bytearray()
    with archive.open(believed) as stream:
        while chunk := stream.read(_STEP):
            held += chunk
            budget.take(len(chunk))
            if len(held) > min(member.file_size, MOST_BYTES):
                raise ClosedError
    return bytes(held)


def gunzip(part: Part, budget: Budget) -> Found:
    """What is packed by gzip: one file, whose name without its last ending says what it is."""
    yield _unpacked(part, zlib.decompressobj(zlib.MAX_WBITS | 16), budget, {"svgz": "svg", "tgz": "tar"})


def bunzip(part: Part, budget: Budget) -> Found:
    """What is packed by bzip2."""
    yield _unpacked(part, bz2.BZ2Decompressor(), budget, {"tbz2": "tar"})


def unxz(part: Part, budget: Budget) -> Found:
    """What is packed by xz, within a limit to its own memory."""
    yield _unpacked(part, lzma.LZMADecompressor(memlimit=MOST_BYTES), budget, {"txz": "tar"})


def untar(part: Part, budget: Budget) -> Found:
    """The files of a tar archive; links lead nowhere here."""
    with tarfile.open(fileobj=io.BytesIO(part.content), mode="r:") as archive:
        number = 0
        for member in archive:
            number += 1
            if number > _MOST_MEMBERS:
                raise ClosedError
            if not member.isfile():
                continue
            stream = archive.extractfile(member)
            content = stream.read() if stream else b""
            budget.take(len(content))
            yield part.inner(content, extension_of(member.name), word="archived", number=number)


def _unpacked(
    part: Part,
    unpacker: zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor,
    budget: Budget,
    endings: dict[str, str],
) -> Part:
    """The one file in it, as far as it goes.

    Raises:
        ClosedError: too much, or cut off.
    """
    held, rest = bytearray(), part.content
    while not unpacker.eof:
        chunk = unpacker.decompress(rest, _STEP)
        rest = getattr(unpacker, "unconsumed_tail", b"")
        if not chunk and not rest:
            raise ClosedError
        held += chunk
        budget.take(len(chunk))
        if len(held) > MOST_BYTES:
            raise ClosedError
    return part.inner(bytes(held), endings.get(part.ending, ""), word="archived", number=1)
