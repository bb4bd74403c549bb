"""A ZIP file in parts that an attacker can change one by one, written out unchecked."""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from copy import deepcopy
from dataclasses import dataclass, field

Fields = dict[str, int | bytes]

SHARED = {"version": 20, "flags": 0x800, "method": 8, "time": 0, "date": 0x21}
LOCAL = ("version", "flags", "method", "time", "date", "crc", "packed", "size")


def deflated(content: bytes, level: int = 6) -> bytes:
    packer = zlib.compressobj(level, wbits=-15)
    return packer.compress(content) + packer.flush()


@dataclass
class Part:
    """A member.

    Attributes:
        name: with the folder before it.
        stream: what follows its local header.
        size, crc: of the plain content.
        local, central: fields that say something else than the member does, by name.
        before, after: bytes before its local header and behind its stream.
    """

    name: bytes
    stream: bytes
    size: int
    crc: int
    local: Fields = field(default_factory=dict)
    central: Fields = field(default_factory=dict)
    before: bytes = b""
    after: bytes = b""

    def both(self, **fields: int | bytes) -> None:
        self.local |= fields
        self.central |= fields

    def _values(self, name: str) -> Fields:
        changed: Fields = getattr(self, name)
        own: Fields = {"crc": self.crc, "packed": len(self.stream), "size": self.size}
        return {"name": self.name, "extra": b"", "comment": b""} | SHARED | own | changed

    def header(self) -> bytes:
        v = {"signature": b"PK\x03\x04"} | self._values("local")
        numbers = [*(v[key] for key in LOCAL), v.get("name_length", _length(v["name"])), _length(v["extra"])]
        return _joined(v["signature"], struct.pack("<5H3I2H", *numbers), v["name"], v["extra"])

    def entry(self, offset: int) -> bytes:
        default: Fields = {"made_by": 0x314, "disk": 0, "internal": 0, "external": 0o100644 << 16}
        v = default | {"offset": offset, "signature": b"PK\x01\x02"} | self._values("central")
        texts = (v["name"], v["extra"], v["comment"])
        names = ("disk", "internal", "external", "offset")
        numbers = (v["made_by"], *(v[key] for key in LOCAL), *map(_length, texts), *(v[key] for key in names))
        return _joined(v["signature"], struct.pack("<6H3I3H2H2I", *numbers), *texts)


@dataclass
class Zip:
    """A ZIP file.

    Attributes:
        parts: the members in the order in which they lie in the file.
        directory: those that the directory names, in its order.
        end: fields of the end record that say something else than the file is.
        before_directory, before_end, after: bytes in these places.
        end_64: what is right before the end record, made from number, size and offset of the directory.
    """

    parts: list[Part]
    directory: list[Part]
    end: Fields = field(default_factory=dict)
    before: bytes = b""
    before_directory: bytes = b""
    before_end: bytes = b""
    after: bytes = b""
    comment: bytes = b""

    def copy(self) -> Zip:
        return deepcopy(self)

    def __getitem__(self, name: str) -> Part:
        return next(part for part in self.parts if part.name.endswith(b"/" + name.encode()))

    def add(self, part: Part, at: int | None = None) -> Part:
        """Put a member in both places: where its name belongs, or at a place."""
        for into in (self.parts, self.directory):
            belongs = bisect_right([item.name for item in into], part.name)
            into.insert(belongs if at is None else at, part)
        return part

    def offsets(self) -> dict[int, int]:
        """The offset of each member's local header, by the member's identity."""
        found, position = {}, len(self.before)
        for part in self.parts:
            position += len(part.before)
            found.setdefault(id(part), position)
            position += len(part.header()) + len(part.stream) + len(part.after)
        return found

    def members(self) -> bytes:
        pieces = (piece for p in self.parts for piece in (p.before, p.header(), p.stream, p.after))
        return self.before + b"".join(pieces) + self.before_directory

    def entries(self) -> bytes:
        offsets = self.offsets()
        return b"".join(part.entry(offsets.get(id(part), 0)) for part in self.directory)

    def facts(self) -> tuple[int, int, int]:
        """Number of entries, size and offset of the directory."""
        return len(self.directory), len(self.entries()), len(self.members())

    def write(self) -> bytes:
        return self.members() + self.entries() + self.before_end + self.end_record() + self.after

    def end_record(self) -> bytes:
        count, size, offset = self.facts()
        names = ("disk", "start", "here", "count", "size", "offset", "comment_length")
        facts = (0, 0, count, count, size, offset, len(self.comment))
        values = dict(zip(names, facts, strict=True)) | self.end
        return b"PK\x05\x06" + struct.pack("<4H2IH", *(values[n] for n in names)) + self.comment


def end_64(count: int, size: int, offset: int, at: int, rest: bytes = b"", disks: int = 1) -> bytes:
    """A ZIP64 end record for this offset, with its locator."""
    record = struct.pack(
        "<4sQ2H2I4Q", b"PK\x06\x06", 44 + len(rest), 0x32D, 45, 0, 0, count, count, size, offset
    )
    return record + rest + struct.pack("<4sIQI", b"PK\x06\x07", 0, at, disks)


def extra(kind: int, content: bytes) -> bytes:
    return struct.pack("<2H", kind, len(content)) + content


def member(name: bytes, content: bytes) -> Part:
    return Part(name, deflated(content), len(content), zlib.crc32(content))


def taken_apart(bundle: bytes) -> Zip:
    parts, at = [], 0
    while bundle.startswith(b"PK\x03\x04", at):
        crc, packed, size, name_length, extra_length = struct.unpack_from("<3I2H", bundle, at + 14)
        begin = at + 30 + name_length + extra_length
        name = bundle[at + 30 : at + 30 + name_length]
        parts.append(Part(name, bundle[begin : begin + packed], size, crc))
        at = begin + packed
    return Zip(parts, list(parts))


def bytes_(value: int | bytes) -> bytes:
    assert isinstance(value, bytes)
    return value


def _joined(*values: int | bytes) -> bytes:
    return b"".join(map(bytes_, values))


def _length(value: int | bytes) -> int:
    return len(bytes_(value))
