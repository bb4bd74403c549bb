"""The ZIP file of a bundle, in its one form, or the folder that it was unpacked into (docs/bundle.md).

The local headers determine the rest of a ZIP file: it is made from them and compared.
"""

from __future__ import annotations

import io
import struct
import threading
import unicodedata
import zlib
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from afschrift_bundles.errors import damaged

CHUNK = 1 << 20
_MAX = 0xFFFFFFFF
_LOCAL = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_REPACKED = "If another program packed it again, open the folder it unpacks to; else ask for the file again."
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}


class _Member(NamedTuple):
    name: bytes
    crc: int
    packed: int
    size: int
    offset: int

    @property
    def large(self) -> bool:
        return max(self.packed, self.size) >= _MAX

    @property
    def version(self) -> int:
        return 45 if self.large or self.offset >= _MAX else 20

    def _sizes(self) -> tuple[int, int]:
        return (_MAX, _MAX) if self.large else (self.packed, self.size)

    def header(self) -> bytes:
        extra = struct.pack("<2H2Q", 1, 16, self.size, self.packed) if self.large else b""
        fields = (b"PK\3\4", self.version, 0x800, 8, 0, 0x21, self.crc, *self._sizes())
        return _LOCAL.pack(*fields, len(self.name), len(extra)) + self.name + extra

    def entry(self) -> bytes:
        extra = struct.pack("<2Q", self.size, self.packed) if self.large else b""
        if self.offset >= _MAX:
            extra += struct.pack("<Q", self.offset)
        if extra:
            extra = struct.pack("<2H", 1, len(extra)) + extra
        fields = (b"PK\1\2", 0x300 | self.version, self.version, 0x800, 8, 0, 0x21, self.crc, *self._sizes())
        lengths = (len(self.name), len(extra), 0, 0, 0)
        return _ENTRY.pack(*fields, *lengths, 0x81A40000, min(self.offset, _MAX)) + self.name + extra


class ZippedBundle:
    """A bundle in its ZIP file; paths are below its one folder, whose name it has."""

    def __init__(self, file: BinaryIO) -> None:
        """Read every header, and no content.

        Raises:
            UnusableBundleError: the file has not the one form.
        """
        self._file, self._lock = file, threading.Lock()
        self._end = file.seek(0, io.SEEK_END)
        members = self._local_headers()
        if not members:
            raise damaged("it is no ZIP file of a bundle", "Is this the right file?")
        self._compare_rest(members)
        names = _checked_names([member.name for member in members])
        self.name = names[0].split("/")[0]
        if any(not name.startswith(f"{self.name}/") for name in names):
            raise damaged("it has more than one folder", _REPACKED)
        paths = (name.removeprefix(f"{self.name}/") for name in names)
        self._members = dict(zip(paths, members, strict=True))

    def sizes(self) -> dict[str, int]:
        return {path: member.size for path, member in self._members.items()}

    def open(self, path: str) -> BinaryIO:
        return io.BufferedReader(cast(io.RawIOBase, _Stream(self, self._members[path])), CHUNK)

    def close(self) -> None:
        self._file.close()

    def read_at(self, position: int, count: int) -> bytes:
        # Several streams share the file, and pyarrow reads each in a thread of its own.
        with self._lock:
            self._file.seek(position)
            return self._file.read(count)

    def _local_headers(self) -> list[_Member]:
        members: list[_Member] = []
        position = 0
        while (head := self.read_at(position, _LOCAL.size)).startswith(b"PK\3\4"):
            *_, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head.ljust(_LOCAL.size))
            rest = self.read_at(position + _LOCAL.size, name_length + extra_length)
            name, extra = rest[:name_length], rest[name_length:]
            if packed == size == _MAX and len(extra) == 20:
                size, packed = struct.unpack_from("<2Q", extra, 4)
            member = _Member(name, crc, packed, size, position)
            if member.header() != head + rest:
                raise damaged("a header of its ZIP file has another form", _REPACKED)
            if members and members[-1].name >= name:
                raise damaged("names in its ZIP file are doubled or not in order", _REPACKED)
            members.append(member)
            position += len(head) + len(rest) + packed
            if position > self._end:
                raise damaged("the ZIP file breaks off", "Copy it again, or ask for it again.")
        return members

    def _compare_rest(self, members: list[_Member]) -> None:
        last = members[-1]
        position = start = last.offset + len(last.header()) + last.packed
        for member in members:
            entry = member.entry()
            if self.read_at(position, len(entry)) != entry:
                raise damaged("the directory of its ZIP file says something else than its members", _REPACKED)
            position += len(entry)
        end = _end(len(members), position - start, start)
        if self.read_at(position, len(end) + 1) != end:
            raise damaged("the end of its ZIP file has another form", _REPACKED)


def _end(count: int, size: int, offset: int) -> bytes:
    large = b""
    if count >= 0xFFFF or size >= _MAX or offset >= _MAX:
        large = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 0x32D, 45, 0, 0, count, count, size, offset)
        large += struct.pack("<4sIQI", b"PK\6\7", 0, offset + size, 1)
    count, size, offset = min(count, 0xFFFF), min(size, _MAX), min(offset, _MAX)
    return large + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, offset, 0)


class _Stream(io.RawIOBase):
    """The content of a member, held against its size and CRC-32 where it ends."""

    def __init__(self, archive: ZippedBundle, member: _Member) -> None:
        self._archive, self._member = archive, member
        self._position = member.offset + len(member.header())
        self._stop = self._position + member.packed
        self._inflater = zlib.decompressobj(-15)
        self._input = b""
        self._crc = self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        content = b""
        while not content and not self._inflater.eof:
            if not self._input:
                self._input = self._archive.read_at(self._position, min(CHUNK, self._stop - self._position))
                self._position += len(self._input)
                if not self._input:
                    raise self._differs()
            try:
                content = self._inflater.decompress(self._input, len(buffer))
            except zlib.error:
                raise self._differs() from None
            self._input = self._inflater.unconsumed_tail
        self._count += len(content)
        self._crc = zlib.crc32(content, self._crc)
        if self._count > self._member.size or (not content and not self._is_whole()):
            raise self._differs()
        buffer[: len(content)] = content
        return len(content)

    def _is_whole(self) -> bool:
        behind = self._inflater.unused_data or self._position < self._stop
        return not behind and (self._count, self._crc) == (self._member.size, self._member.crc)

    def _differs(self) -> Exception:
        path = self._member.name.decode().partition("/")[2]
        return damaged(f"{path} in its ZIP file has another content than stated")


class UnpackedBundle:
    """A bundle in the folder that it was unpacked into, and that may have been renamed."""

    name = ""

    def __init__(self, folder: Path) -> None:
        if not (folder / "bagit.txt").is_file():
            folders = [path for path in folder.iterdir() if (path / "bagit.txt").is_file()]
            if len(folders) != 1:
                raise damaged("its folder has no bagit.txt", "Is this the right folder?")
            folder = folders[0]
        self._files: dict[str, Path] = {}
        for path in folder.rglob("*"):
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise damaged("a link or a device is in the folder")
            if path.is_file():
                self._files[path.relative_to(folder).as_posix()] = path

    def sizes(self) -> dict[str, int]:
        return {path: file.stat().st_size for path, file in self._files.items()}

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, self._files[path].open("rb"))

    def close(self) -> None:
        """Nothing is open."""


Archive = ZippedBundle | UnpackedBundle


def _checked_names(names: list[bytes]) -> list[str]:
    try:
        texts = [name.decode() for name in names]
    except UnicodeDecodeError:
        raise damaged("a name in its ZIP file is not UTF-8", _REPACKED) from None
    folded = [_folded(text) for text in texts]
    folders = {text[:at] for text in folded for at, sign in enumerate(text) if sign == "/"}
    if len(set(folded)) < len(folded) or folders.intersection(folded):
        raise damaged("two names in its ZIP file are one name on some systems", _REPACKED)
    for text in texts:
        if not _is_name(text):
            raise damaged("a name in its ZIP file is none that every system can write", _REPACKED)
    return texts


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _is_name(text: str) -> bool:
    return (
        len(text) <= 1024
        and "/" in text
        and unicodedata.is_normalized("NFC", text)
        and not any(c in '<>:"|?*\\' or unicodedata.category(c)[0] == "C" for c in text)
        and all(_is_part(part) for part in text.split("/"))
    )


def _is_part(part: str) -> bool:
    return (
        part not in ("", ".", "..")
        and len(part.encode()) <= 255
        and part[-1] not in ". "
        and part.split(".")[0].casefold() not in _DEVICES
    )
