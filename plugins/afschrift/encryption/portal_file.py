"""What lies at a portal: a header that link and words unwrap together, and chunks that each decrypt alone.

docs/portal.md describes the format; the portal reads it by code of its own. It belongs to the kind `portal`
of a destination, and is no option.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
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
_FILE = b"afschrift-portal file\0"
_ROUNDS, _BLOCK, _LANES = 1 << 15, 8, 1
"""Of scrypt: n, r and p. It takes 32 MiB and about 0.1 s."""


class OtherSizeError(OSError):
    """The bundle is longer or shorter than was said."""


class Portal:
    """For a person with a link and six words, of which the portal knows neither."""

    code = PORTAL
    libraries: tuple[str, ...] = ("cryptography.hazmat.primitives.ciphers.aead",)
    suffix = ".zip"
    uses_secret = True
    has_link = True

    def encrypt(self, bundle: BinaryIO, size: int, sink: BinaryIO, key: str, file_id: bytes = b"") -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.check_key(key)
        words, text = apart(key)
        link = link_bytes(text)
        # An upload that broke off goes on, so each try makes the same bytes, of the same file alone: a bundle
        # that was replaced meanwhile has another id, so no key or nonce is used for two contents.
        hashed, of_file = hashlib.sha256(_LINK_HASH + link).digest(), hashlib.sha256(_FILE + file_id).digest()
        salt, nonce = hashed[:16], of_file[:12]
        wrapping_key, secret = _keys(words, salt + link)
        file_key = hmac.digest(secret, of_file, "sha256")
        head = MAGIC + hashed + salt
        wrapped = AESGCM(wrapping_key).encrypt(nonce, file_key, head)
        sink.write((head + nonce + wrapped + struct.pack(">Q", size)).ljust(HEADER, b"\0"))
        cipher, last = AESGCM(file_key), max(0, -(-size // CHUNK) - 1)
        for number in range(last + 1):
            plain = bundle.read(CHUNK)
            if len(plain) != min(CHUNK, size - number * CHUNK):
                raise OtherSizeError("the bundle has another size")
            sink.write(cipher.encrypt(struct.pack(">7xIB", number, number == last), plain, None))
        if bundle.read(1):
            raise OtherSizeError("the bundle has another size")

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


def sealed_size(size: int) -> int:
    """Bytes of the file of a bundle of so many."""
    return HEADER + size + _TAG * max(1, -(-size // CHUNK))


def _keys(words: str, salt: bytes) -> tuple[bytes, bytes]:
    """The key that wraps the file's, and a secret to make that from: halves of what scrypt makes."""
    memory = 2 * 128 * _ROUNDS * _BLOCK
    made = hashlib.scrypt(words.encode(), salt=salt, n=_ROUNDS, r=_BLOCK, p=_LANES, dklen=64, maxmem=memory)
    return made[:32], made[32:]
