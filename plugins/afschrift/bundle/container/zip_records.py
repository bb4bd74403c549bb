"""The records of a bundle's ZIP file (docs/bundle.md, *The ZIP file*), and the writer.

The writer writes exactly these bytes, and the reader accepts no others. In a record only the name, the two
sizes and the CRC-32 vary, so that all programs read the same in it. Sizes and CRC-32 are in the local header,
without a data descriptor. ZIP64 fields are present only if a size, an offset or a number needs them. The
format is PKWARE's APPNOTE 6.3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

_LOCAL_SIGNATURE = b"PK\x03\x04"

_MAX_32 = 0xFFFFFFFF
_MAX_16 = 0xFFFF
_UTF_8_NAMES = 0x800
_DEFLATED = 8
_EPOCH = (0, 0x21)  # 1 January 1980, 00:00, the first date in ZIP: bytes must not depend on the clock
_MODE = 0o100644 << 16
_UNIX = 3 << 8
_CLASSIC, _ZIP64 = 20, 45

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4sH26s3H2I")
_SHARED = struct.Struct("<5H3I2H")  # from the version needed to the length of the extra field
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_END = struct.Struct("<4s4H2IH")
_SIZES_64 = struct.Struct("<2H2Q")


@dataclass(frozen=True)
class Entry:
    """A member's properties in its records.

    Attributes:
        name: name in the ZIP file, with slashes, in UTF-8.
        size, crc32: of the plain content.
        deflated_size: of the raw deflate stream (RFC 1951) after the local header.
        offset: of the local header, from the start of the file.
    """

    name: bytes
    size: int
    crc32: int
    deflated_size: int
    offset: int

    @property
    def content_offset(self) -> int:
        """Where the deflate stream begins."""
        extra = _SIZES_64.size if _is_large(self) else 0
        return self.offset + _LOCAL.size + len(self.name) + extra

    @property
    def end(self) -> int:
        """Where the next record begins."""
        return self.content_offset + self.deflated_size


def local_header(entry: Entry) -> bytes:
    """The record before the member's deflate stream."""
    extra = _sizes_64(entry)
    return _LOCAL_SIGNATURE + _shared(entry, len(extra)) + entry.name + extra


def central_header(entry: Entry) -> bytes:
    """The member's record in the directory; fields that the local header has too are the same in both."""
    extra = _extra_64(entry)
    fixed = _CENTRAL.pack(
        b"PK\x01\x02",
        _UNIX | _version(entry),
        _shared(entry, len(extra)),
        0,  # no comment
        0,  # on the first disk
        0,  # no internal attributes
        _MODE,
        min(entry.offset, _MAX_32),
    )
    return fixed + entry.name + extra


def end_records(members: int, size: int, offset: int) -> bytes:
    """The records at the end of the file.

    Args:
        members: number of members.
        size: bytes of the directory.
        offset: of the directory, from the start of the file.
    """
    end = _END.pack(
        b"PK\x05\x06",
        0,
        0,
        min(members, _MAX_16),
        min(members, _MAX_16),
        min(size, _MAX_32),
        min(offset, _MAX_32),
        0,
    )
    if members < _MAX_16 and size < _MAX_32 and offset < _MAX_32:
        return end
    end_64 = _END_64.pack(
        b"PK\x06\x06", _END_64.size - 12, _UNIX | _ZIP64, _ZIP64, 0, 0, members, members, size, offset
    )
    return end_64 + _LOCATOR_64.pack(b"PK\x06\x07", 0, offset + size, 1) + end


def _shared(entry: Entry, extra: int) -> bytes:
    sizes = (_MAX_32, _MAX_32) if _is_large(entry) else (entry.deflated_size, entry.size)
    return _SHARED.pack(
        _version(entry),
        _UTF_8_NAMES,
        _DEFLATED,
        *_EPOCH,
        entry.crc32,
        *sizes,
        len(entry.name),
        extra,
    )


def _is_large(entry: Entry) -> bool:
    return max(entry.size, entry.deflated_size) >= _MAX_32


def _version(entry: Entry) -> int:
    return _ZIP64 if _is_large(entry) or entry.offset >= _MAX_32 else _CLASSIC


def _sizes_64(entry: Entry) -> bytes:
    # A local header must have both sizes or none, and the directory repeats them.
    return _SIZES_64.pack(1, 16, entry.size, entry.deflated_size) if _is_large(entry) else b""


def _extra_64(entry: Entry) -> bytes:
    values = [entry.size, entry.deflated_size] if _is_large(entry) else []
    values += [entry.offset] if entry.offset >= _MAX_32 else []
    return struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values) if values else b""


def read_local_header(file: BinaryIO, offset: int) -> Entry | None:
    """Read the member whose local header begins here; None if none does.

    Raises:
        ValueError: the header is not as our writer writes it.
    """
    file.seek(offset)
    fixed = file.read(_LOCAL.size)
    if not fixed.startswith(_LOCAL_SIGNATURE):
        return None
    if len(fixed) < _LOCAL.size:
        raise ValueError("a local header is cut off")
    *_, crc32, deflated_size, size, name_length, extra_length = _LOCAL.unpack(fixed)
    name, extra = file.read(name_length), file.read(extra_length)
    if len(extra) == _SIZES_64.size:
        *_, size, deflated_size = _SIZES_64.unpack(extra)
    entry = Entry(name, size, crc32, deflated_size, offset)
    if fixed + name + extra != local_header(entry):
        raise ValueError("a local header has another form")
    return entry


@dataclass(frozen=True)
class ZipMember:
    """A file of the ZIP.

    Attributes:
        path: name in the ZIP, with slashes.
        size, crc32: of the plain content.
        deflated_size: of `chunks`, raw deflate (RFC 1951).
    """

    path: str
    size: int
    crc32: int
    deflated_size: int
    chunks: Iterable[bytes]


def write_zip(members: Iterable[ZipMember]) -> Iterator[bytes]:
    """Write the ZIP file in chunks; each member's chunks are read when its turn comes.

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
