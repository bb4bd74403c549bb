"""What lies at a portal is what docs/portal.md describes: read again here by its words alone."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from afschrift.domain.errors import RefusedError
from afschrift.encryption.portal_file import CHUNK, Portal, sealed_size
from afschrift.encryption.secret import apart, draw_with_link

VECTOR = json.loads((Path(__file__).parent / "portal_vector.json").read_text())
SECRET = f"{VECTOR['words']}\n{VECTOR['link']}"


def sealed(plain: bytes, secret: str = SECRET, file_id: bytes = b"a staged file") -> bytes:
    sink = io.BytesIO()
    Portal().encrypt(io.BytesIO(plain), len(plain), sink, secret, file_id)
    return sink.getvalue()


def opened(file: bytes, code: str, link: bytes) -> bytes:
    """By what docs/portal.md says."""
    head, nonce, wrapped, size = file[:67], file[67:79], file[79:127], struct.unpack(">Q", file[127:135])[0]
    assert head[:19] == b"afschrift-portal-1\n" and not file[135:256].strip(b"\0")
    assert head[19:51] == hashlib.sha256(b"afschrift-portal link\0" + link).digest()
    key = hashlib.scrypt(code.encode(), salt=head[51:] + link, n=2**15, r=8, p=1, dklen=32, maxmem=1 << 27)
    cipher, body = AESGCM(AESGCM(key).decrypt(nonce, wrapped, head)), file[256:]
    pieces = [body[at : at + CHUNK + 16] for at in range(0, len(body), CHUNK + 16)]
    plain = b"".join(
        cipher.decrypt(bytes(7) + struct.pack(">IB", number, number == len(pieces) - 1), piece, None)
        for number, piece in enumerate(pieces)
    )
    assert len(plain) == size
    return plain


def test_the_format_is_that_of_the_vector() -> None:
    assert sealed(VECTOR["plain"].encode()).hex() == VECTOR["file"]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_a_file_of_any_size_opens_by_link_and_words_together(size: int) -> None:
    plain, secret = bytes(n % 256 for n in range(size)), draw_with_link("nl")
    words, text = apart(secret)
    link = base64.b32decode(text.upper() + "======")
    file = sealed(plain, secret)
    assert (len(file), len(text), opened(file, words, link)) == (sealed_size(size), 26, plain)
    assert file == sealed(plain, secret)  # an upload that broke off goes on
    other = sealed(plain, secret, b"another one")
    assert opened(other, words, link) == plain
    assert not {other[67:79], other[256:272]} & {file[67:79], file[256:272]}  # neither nonce nor key
    assert words.encode() not in file and link not in file


def test_a_bundle_of_another_size_or_without_a_link_is_refused() -> None:
    for size in (3, 5):
        with pytest.raises(OSError, match="another size"):
            Portal().encrypt(io.BytesIO(b"four"), size, io.BytesIO(), SECRET)
    for secret in (VECTOR["words"], f"{VECTOR['words']}\nshort", f"one two\n{VECTOR['link']}"):
        with pytest.raises(RefusedError):
            sealed(b"", secret)
