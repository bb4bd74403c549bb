"""A ZIP under AES-256 (WinZip's AE-2) with the bundle as its one stored member, and reading it again.

Source: APPNOTE.TXT 4.4.4, and *AES Encryption Information* of WinZip, version 1.04.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import struct
import warnings
import zipfile
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.util import find_spec, module_from_spec
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

from afschrift.domain.errors import RefusedError
from afschrift.domain.language import gettext

MEMBER = "bundle.zip"
"""Name of the member: the list of a ZIP can be read without the words."""
_ROUNDS = 1000
_CHUNK = 1 << 18
_LOCAL = struct.Struct("<26xHH")
_MALFORMED = (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error, OSError)
_SALT, _CHECK, _MAC, _KEY, _BLOCK = 16, 2, 10, 32, 16


class _NotCompared(int):
    """A number that is equal to every other, for what the library compares at the end of the content.

    AE-2 stores no CRC, and who encrypts compares the SHA-256 of the bundle, and with it its size.
    """

    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


class AesZip:
    """For a person with a free program and six words."""

    code = "zip"
    libraries: tuple[str, ...] = ("stream_zip", "Crypto.Cipher._mode_ctr", "encodings.ascii")
    suffix = ".zip"
    uses_secret = True
    has_link = False

    def encrypt(self, bundle: BinaryIO, size: int, sink: BinaryIO, key: str, file_id: bytes = b"") -> None:
        library = _library()
        self.check_key(key)
        method = library.NO_COMPRESSION_64(_NotCompared(size), _NotCompared())
        chunks = iter(lambda: bundle.read(_CHUNK), b"")
        member = (MEMBER, datetime(1980, 1, 1), 0o600, method, chunks)  # noqa: DTZ001
        with warnings.catch_warnings():
            # The format fixes PBKDF2-SHA1 with 1,000 rounds; the words are drawn by us, with 72 bits.
            warnings.simplefilter("ignore", DeprecationWarning)
            for chunk in library.stream_zip(
                [member], chunk_size=_CHUNK, extended_timestamps=False, password=key
            ):
                sink.write(chunk)

    def check_key(self, key: str) -> None:
        if not key.isascii() or len(key.split()) < 6:
            raise RefusedError(gettext("The words of this delivery are not six words."))


@cache
def _library() -> Any:
    """A copy of `stream_zip` made faster: what is set in it reaches no other user in the process."""
    spec = find_spec("stream_zip")
    assert spec is not None
    assert spec.loader is not None
    library: Any = module_from_spec(spec)
    spec.loader.exec_module(library)
    # That of pycryptodome takes three times as long: its SHA-1 has no instructions of the processor.
    library.HMAC = SimpleNamespace(new=lambda key, digestmod: hmac.new(key, digestmod="sha1"))  # noqa: ARG005
    # AE-2 stores no CRC, and a made one costs half of what AES does.
    library.zlib = SimpleNamespace(crc32=lambda *_: 0)
    return library


class OpenedZip(io.RawIOBase):
    """The bundle in such a ZIP, decrypted where it is read, from any position; no disk sees it."""

    def __init__(self, file: BinaryIO, words: str) -> None:
        """Open it.

        Args:
            file: the encrypted ZIP, from any position.
            words: as they were drawn.

        Raises:
            RefusedError: they are other words, the file is none of ours, or it was altered.
        """
        try:
            [member] = _members(file)
            file.seek(member.header_offset)
            name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
        except _MALFORMED:
            raise _altered() from None
        self._file, self._at = file, 0
        start = member.header_offset + _LOCAL.size + name + extra
        self._start = start + _SALT + _CHECK
        self._size = member.compress_size - _SALT - _CHECK - _MAC
        if member.compress_type != 99 or member.filename != MEMBER or self._size != member.file_size:
            raise _altered()
        file.seek(start)
        salt, check = file.read(_SALT), file.read(_CHECK)
        keys = hashlib.pbkdf2_hmac("sha1", words.encode(), salt, _ROUNDS, 2 * _KEY + _CHECK)
        if not hmac.compare_digest(keys[2 * _KEY :], check):
            raise _other_words()
        self._key = keys[:_KEY]
        mac = hmac.new(keys[_KEY : 2 * _KEY], digestmod="sha1")
        for chunk in self._encrypted():
            mac.update(chunk)
        if not hmac.compare_digest(mac.digest()[:_MAC], file.read(_MAC)):
            # Of 65,536 wrong word lists one passes the check above, so both may be the reason.
            raise RefusedError(
                gettext("The words are wrong, or the file was altered."),
                remedy=gettext("enter the words again; if they are right, ask for the file again."),
            )

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        from Crypto.Cipher import AES
        from Crypto.Util import Counter

        block, skipped = divmod(self._at, _BLOCK)
        wanted = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + block * _BLOCK)
        encrypted = self._file.read(skipped + wanted)
        counter = Counter.new(128, initial_value=block + 1, little_endian=True)
        plain = AES.new(self._key, AES.MODE_CTR, counter=counter).decrypt(encrypted)[skipped:]
        buffer[: len(plain)] = plain
        self._at += len(plain)
        return len(plain)

    def _encrypted(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._size
        while left and (chunk := self._file.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


def opened_zip(file: BinaryIO, words: str) -> BinaryIO:
    """The bundle in an encrypted ZIP, buffered (see `OpenedZip`)."""
    return io.BufferedReader(cast(io.RawIOBase, OpenedZip(file, words)), _CHUNK)


def is_locked(file: BinaryIO) -> bool:
    """Whether a file is a ZIP that words open, and not the bundle itself."""
    try:
        return [member.compress_type for member in _members(file)] == [99]
    except _MALFORMED:
        return False


def _members(file: BinaryIO) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(file) as listed:
        return listed.infolist()


def _other_words() -> RefusedError:
    return RefusedError(
        gettext("These are not the words of this file."),
        remedy=gettext("enter all six words in their order, as they were sent or read out."),
    )


def _altered() -> RefusedError:
    return RefusedError(
        gettext("This is no encrypted file as it was delivered."), remedy=gettext("ask for the file again.")
    )
