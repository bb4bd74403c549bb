"""The portal's own key, by which it signs receipts, and the hash of Afschrift's token."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KEY, _TOKEN, _INSTANCE = "signing.key", "token.sha256", "instance"


class Identity:
    """What `init` made in the home."""

    def __init__(self, home: Path) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes((home / _KEY).read_bytes())
        self._token = bytes.fromhex((home / _TOKEN).read_text("ascii"))
        self.instance = (home / _INSTANCE).read_text("ascii")

    @property
    def public_key(self) -> str:
        """32 bytes in base64."""
        return b64encode(self._key.public_key().public_bytes_raw()).decode()

    def is_token(self, token: str) -> bool:
        return hmac.compare_digest(_hashed(token), self._token)

    def tag(self, text: bytes) -> bytes:
        """16 bytes by which the portal knows again what it gave to a browser."""
        return hmac.digest(self._token, text, "sha256")[:16]

    def sign(self, row: dict[str, Any]) -> dict[str, Any]:
        """A receipt with its signature: base64 of Ed25519 over RFC 8785 of its fields and the portal."""
        receipt = row | {"at": moment(row["at"])}
        signed = rfc8785.dumps(receipt | {"portal": self.instance})
        return receipt | {"signature": b64encode(self._key.sign(signed)).decode()}


def create_identity(home: Path, token: str | None) -> str | None:
    """Make key and instance where there are none, and set the token.

    Returns:
        The token, where it was given or is new.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (home / _KEY).exists():
        _write(home / _KEY, Ed25519PrivateKey.generate().private_bytes_raw())
    if not (home / _INSTANCE).exists():
        _write(home / _INSTANCE, secrets.token_hex(16).encode())
    if token is None and (home / _TOKEN).exists():
        return None
    used = token or secrets.token_urlsafe(32)
    _write(home / _TOKEN, _hashed(used).hex().encode())
    return used


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _write(path: Path, content: bytes) -> None:
    """Write a file whole, for this account alone."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
