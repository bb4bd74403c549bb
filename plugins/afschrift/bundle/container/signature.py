"""Ed25519 over the tag manifest. The signature file holds the raw 64 bytes, so that OpenSSL checks it.

`openssl pkeyutl -verify -rawin -pubin -inkey public.pem -in tagmanifest-sha256.txt
-sigfile tagmanifest-sha256.txt.sig`
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class Ed25519Signer:
    """A signer on a private key in memory."""

    def __init__(self, private_key: bytes) -> None:
        """Take the raw 32 bytes of the private key."""
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The raw 64-byte signature."""
        return self._key.sign(message)


def holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is the key's; False for anything malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
