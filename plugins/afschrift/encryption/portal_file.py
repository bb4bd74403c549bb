"""What lies at a portal: a header that link and words unwrap together, and chunks that each decrypt alone.

docs/portal.md describes the format; the portal reads it by code of its own. It belongs to the kind `portal`
of a destination, and is no option.
"""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from collections.abc import Callable
from typing import BinaryIO

from afschrift.domain.errors import RefusedError
from afschrift.domain.language import gettext
from afschrift.encryption.secret import apart

PORTAL = "portal"
"""Kind of destination, and the encryption that belongs to it."""
MAGIC = b"afschrift-portal-1\n"
HEADER, CHUNK = 256, 256 << 10
_TAG = 16
_LINK_HASH = b"afschrift-portal link\0"
_ROUNDS, _BLOCK, _LANES = 1 << 15, 8, 1
"""Of scrypt: n, r and p. It takes 32 MiB and about 0.1 s."""


class Portal:
    """For a person with a link and six words, of which the portal knows neither."""

    code = PORTAL
    libraries: tuple[str, ...] = ("cryptography.hazmat.primitives.ciphers.aead",)
    suffix = ".zip"
    uses_secret = True
    has_link = True

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        """Take what draws random bytes; a test of the format gives them."""
        self._random = random

    def encrypt(self, bundle: BinaryIO, size: int, sink: BinaryIO, key: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.check_key(key)
        words, text = apart(key)
        link, file_key, salt, nonce = link_bytes(text), *map(self._random, (32, 16, 12))
        head = MAGIC + hashlib.sha256(_LINK_HASH + link).digest() + salt
        wrapped = AESGCM(_wrapping_key(words, salt + link)).encrypt(nonce, file_key, head)
        sink.write((head + nonce + wrapped + struct.pack(">Q", size)).ljust(HEADER, b"\0"))
        cipher, last = AESGCM(file_key), max(0, -(-size // CHUNK) - 1)
        for number in range(last + 1):
            plain = bundle.read(CHUNK)
            if len(plain) != min(CHUNK, size - number * CHUNK):
                raise OSError("the bundle has another size")
            sink.write(cipher.encrypt(struct.pack(">7xIB", number, number == last), plain, None))
        if bundle.read(1):
            raise OSError("the bundle has another size")

    def check_key(self, key: str) -> None:
        words, link = apart(key)
        if len(words.split()) < 6 or len(link_bytes(link)) != 16:
            raise RefusedError(gettext("The words of this delivery are not six words."))


def link_bytes(link: str) -> bytes:
    """The 16 bytes of a link; empty: it is none."""
    try:
        return base64.b32decode(link.upper() + "=" * (-len(link) % 8))
    except ValueError:
        return b""


def _wrapping_key(words: str, salt: bytes) -> bytes:
    memory = 2 * 128 * _ROUNDS * _BLOCK
    return hashlib.scrypt(words.encode(), salt=salt, n=_ROUNDS, r=_BLOCK, p=_LANES, dklen=32, maxmem=memory)
