"""The encrypted file: a header that link and code open, and chunks that decrypt alone.

docs/portal.md describes it.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import struct
import unicodedata
from base64 import b32decode
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"afschrift-portal-1\n"
HEADER_BYTES = 256
CHUNK = 256 * 1024
TAG = 16
KEY_BYTES = 32
_FIELDS = struct.Struct(">19s32s16s12s48sQ")
_LINK = re.compile(r"[a-z2-7]{26}")
_LINK_LABEL = b"afschrift-portal link\0"


class ContainerError(ValueError):
    """A file that is not what its header or its size says. The message holds nothing of the file."""


@dataclass(frozen=True)
class Header:
    """The first 256 bytes."""

    link_hash: bytes
    salt: bytes
    nonce: bytes
    wrapped: bytes
    plain_size: int

    @classmethod
    def read(cls, head: bytes, size: int) -> Header:
        """Read the header of a file of so many bytes.

        Raises:
            ContainerError: another format, or a size that does not follow from the header.
        """
        if len(head) != HEADER_BYTES or not head.startswith(MAGIC):
            raise ContainerError("This is no file of the format afschrift-portal-1.")
        _, link_hash, salt, nonce, wrapped, plain = _FIELDS.unpack_from(head)
        if any(head[_FIELDS.size :]) or size != HEADER_BYTES + plain + TAG * chunk_count(plain):
            raise ContainerError("The size of the file does not follow from its header.")
        return cls(link_hash, salt, nonce, wrapped, plain)

    @classmethod
    def decoy(cls, link_hash: bytes) -> Header:
        """A header that nothing opens, for the same work where there is no delivery."""
        return cls(link_hash, secrets.token_bytes(16), secrets.token_bytes(12), secrets.token_bytes(48), 0)

    def unwrap(self, link: bytes, code: str) -> bytes | None:
        """The key of the file, by one derivation (32 MB, 0.1 s); None where link and code do not open it."""
        try:
            cipher = AESGCM(derive(code, self.salt + link))
            return cipher.decrypt(self.nonce, self.wrapped, MAGIC + self.link_hash + self.salt)
        except InvalidTag:
            return None


def chunk_count(plain: int) -> int:
    """Chunks of a file of so many bytes; an empty one has one."""
    return max(1, -(-plain // CHUNK))


def read_header(path: Path) -> Header:
    """The header of a file."""
    with path.open("rb") as file:
        return Header.read(file.read(HEADER_BYTES), os.fstat(file.fileno()).st_size)


def plain_size(size: int) -> int:
    """Bytes of plain text in a file of so many."""
    body = size - HEADER_BYTES
    return max(0, body - TAG * max(1, -(-body // (CHUNK + TAG))))


def derive(code: str, salt: bytes) -> bytes:
    """The key that wraps the file's, from the words of a code."""
    return Scrypt(salt=salt, length=KEY_BYTES, n=2**15, r=8, p=1).derive(words(code).encode())


def words(code: str) -> str:
    """A code in its one form: lower case, with a space for whatever is between two words."""
    text = unicodedata.normalize("NFKC", code).lower()
    return " ".join("".join(char if char.isalpha() else " " for char in text).split())


def link_bytes(link: str) -> bytes:
    """The 16 bytes of a link; of a text that is none, bytes that belong to no delivery."""
    if _LINK.fullmatch(link):
        return b32decode(link.upper() + "======")
    return hashlib.sha256(b"none" + link.encode("utf-8", "replace")).digest()[:16]


def hash_of_link(link: bytes) -> bytes:
    return hashlib.sha256(_LINK_LABEL + link).digest()


class Decryptor(io.RawIOBase):
    """The plain text of an open file, by random access. Nothing is written anywhere.

    Raises:
        ContainerError: the key does not belong to the file, or its bytes were changed.
    """

    def __init__(self, file: int, key: bytes) -> None:
        self._file = file
        try:
            size = os.fstat(file).st_size
            self.size = Header.read(os.pread(file, HEADER_BYTES, 0), size).plain_size
            self._cipher = AESGCM(key)
            self._last = chunk_count(self.size) - 1
            self._position = 0
            self._recent = 0, self.chunk(0)
        except ValueError as error:  # also of AESGCM: a key of another length
            self.close()
            raise ContainerError(str(error)) from None

    def chunk(self, number: int) -> bytes:
        raw = os.pread(self._file, CHUNK + TAG, HEADER_BYTES + number * (CHUNK + TAG))
        nonce = bytes(7) + number.to_bytes(4) + bytes([number == self._last])
        try:
            return self._cipher.decrypt(nonce, raw, None)
        except InvalidTag:
            raise ContainerError("A part of the file does not decrypt.") from None

    @property
    def is_removed(self) -> bool:
        """Whether the file was removed since it was opened: what is left of it goes to no one."""
        return os.fstat(self._file).st_nlink == 0

    def close(self) -> None:
        if not self.closed:
            os.close(self._file)
        super().close()

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer, up to the end of the file."""
        filled = 0
        while filled < len(buffer) and self._position < self.size:
            number, start = divmod(self._position, CHUNK)
            if self._recent[0] != number:
                self._recent = number, self.chunk(number)
            part = self._recent[1][start : start + len(buffer) - filled]
            buffer[filled : filled + len(part)] = part
            filled += len(part)
            self._position += len(part)
        return filled
