"""A temporary file whose content is never on a disk in clear: AES-CTR under a key in memory alone."""

from __future__ import annotations

import io
import os
from tempfile import TemporaryFile

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

_BLOCK = 16


class EncryptedTempFile(io.BufferedIOBase):
    """Written once from beginning to end, then read at will. Nothing can read it once it is closed.

    It keeps out eyes and back-ups. It does not notice alterations: what is read is held against the SHA-256
    of what was looked at (`casework/manual/scan.py`).
    """

    def __init__(self) -> None:
        self._key, self._file = os.urandom(32), TemporaryFile(prefix="afschrift-")  # noqa: SIM115
        self._size = self._at = 0

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._size

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Append."""
        self._file.seek(self._size)
        self._file.write(self._crypt(self._size, data))
        self._size += len(data)
        self._at = self._size
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """From where it stands; at its end nothing."""
        self._file.seek(self._at)
        data = self._crypt(self._at, self._file.read(-1 if size is None else size))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Where it stands."""
        return self._at

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Remove it with its key."""
        self._file.close()
        self._key = b""
        super().close()

    def _crypt(self, at: int, data: bytes) -> bytes:
        block, within = divmod(at, _BLOCK)
        stream = Cipher(AES(self._key), CTR(block.to_bytes(_BLOCK))).encryptor()
        stream.update(bytes(within))
        return stream.update(data)
