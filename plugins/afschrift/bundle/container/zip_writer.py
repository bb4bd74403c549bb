"""Writes a ZIP file as a stream from members that are deflated already, in the form of `zip_records`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from afschrift.bundle.container.zip_records import Entry, central_header, end_records, local_header


@dataclass(frozen=True)
class ZipMember:
    """A file of the ZIP.

    Attributes:
        path: name in the ZIP, with slashes.
        size, crc32: of the plain content.
        deflated_size: of what `chunks` give, raw deflate (RFC 1951).
    """

    path: str
    size: int
    crc32: int
    deflated_size: int
    chunks: Iterable[bytes]


def write_zip(members: Iterable[ZipMember]) -> Iterator[bytes]:
    """Chunks of the ZIP file; each member's chunks are asked for when its turn comes.

    Args:
        members: in the order of their names' bytes.

    Raises:
        ValueError: a member gave more or less than its `deflated_size`, or came out of order.
    """
    offset = 0
    last = b""
    directory: list[bytes] = []
    for member in members:
        name = member.path.encode()
        if name <= last:
            raise ValueError("the members of a ZIP file are not in the order of their names")
        last = name
        entry = Entry(name, member.size, member.crc32, member.deflated_size, offset)
        yield local_header(entry)
        given = 0
        for chunk in member.chunks:
            given += len(chunk)
            yield chunk
        if given != member.deflated_size:
            raise ValueError("a member of the ZIP file has another size than announced")
        directory.append(central_header(entry))
        offset = entry.end
    yield from directory
    yield end_records(len(directory), sum(map(len, directory)), offset)
