"""Writes a ZIP file as a stream from members that are deflated already.

Sizes and CRC-32 are known beforehand, so every local header is complete and no data descriptor follows:
the oldest readers open it. ZIP64 fields stand only where a size or an offset needs them.
The format is PKWARE's APPNOTE 6.3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MAX_32 = 0xFFFFFFFF
_MAX_16 = 0xFFFF
_UTF_8_NAMES = 0x800
_DEFLATED = 8
_EPOCH = (0, 0x21)  # midnight on 1 January 1980, the first date that ZIP knows: no clock in the bytes
_MODE = 0o100644 << 16
_UNIX = 3 << 8
_CLASSIC, _ZIP64 = 20, 45

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_END = struct.Struct("<4s4H2IH")


@dataclass(frozen=True)
class Member:
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


def write_zip(members: Iterable[Member]) -> Iterator[bytes]:
    """Chunks of the ZIP file; each member's chunks are asked for when its turn comes.

    Raises:
        ValueError: a member gave more or less than its `deflated_size`.
    """
    offset = 0
    directory: list[bytes] = []
    for member in members:
        header = _local(member)
        yield header
        given = 0
        for chunk in member.chunks:
            given += len(chunk)
            yield chunk
        if given != member.deflated_size:
            raise ValueError("a member of the ZIP file has another size than announced")
        directory.append(_central(member, offset))
        offset += len(header) + given
    yield from directory
    yield _end(len(directory), sum(map(len, directory)), offset)


def _local(member: Member) -> bytes:
    name = member.path.encode()
    sizes = (member.deflated_size, member.size)
    extra = b""
    if max(sizes) >= _MAX_32:
        # In a local header both sizes stand in the extra field, or none.
        extra = struct.pack("<2H2Q", 1, 16, member.size, member.deflated_size)
        sizes = (_MAX_32, _MAX_32)
    version = _ZIP64 if extra else _CLASSIC
    fixed = _LOCAL.pack(
        b"PK\x03\x04", version, _UTF_8_NAMES, _DEFLATED, *_EPOCH, member.crc32, *sizes, len(name), len(extra)
    )
    return fixed + name + extra


def _central(member: Member, offset: int) -> bytes:
    name = member.path.encode()
    large = [v for v in (member.size, member.deflated_size, offset) if v >= _MAX_32]
    extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    version = _ZIP64 if extra else _CLASSIC
    fixed = _CENTRAL.pack(
        b"PK\x01\x02",
        _UNIX | version,
        version,
        _UTF_8_NAMES,
        _DEFLATED,
        *_EPOCH,
        member.crc32,
        min(member.deflated_size, _MAX_32),
        min(member.size, _MAX_32),
        len(name),
        len(extra),
        0,  # no comment
        0,  # on the first disk
        0,  # no internal attributes
        _MODE,
        min(offset, _MAX_32),
    )
    return fixed + name + extra


def _end(members: int, size: int, offset: int) -> bytes:
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
