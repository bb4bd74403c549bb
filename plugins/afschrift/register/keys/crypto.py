"""Envelope encryption: the data key of an owner (a case, a request), and the blind index.

Ciphertext is one byte of format (1), a nonce of 12 bytes and AES-256-GCM's output. The associated data name
table, column and owner, so that a value that is moved to another place does not decrypt. These names are
data: do not rename them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from hmac import HMAC
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from afschrift.domain.errors import ConfigurationError

KEY_BYTES = 32
_FORMAT = b"\x01"
_NONCE_BYTES = 12
OVERHEAD_BYTES = len(_FORMAT) + _NONCE_BYTES + 16
"""Bytes by which a ciphertext is longer than its plaintext: format, nonce, GCM's tag."""

Use = Literal["fields", "staging", "hmac"]


def seal(key: bytes, plaintext: bytes, *bound: str) -> bytes:
    """Encrypt with AES-256-GCM, bound to a place (associated data)."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, plaintext, _bound(bound))


def unseal(key: bytes, sealed: bytes, *bound: str) -> bytes:
    """Decrypt what `seal` returned.

    Raises:
        ConfigurationError: altered, moved from another place, or encrypted under another key.
    """
    body = sealed[len(_FORMAT) :]
    try:
        if not sealed.startswith(_FORMAT):
            raise InvalidTag
        return AESGCM(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _bound(bound))
    except (InvalidTag, ValueError):
        raise ConfigurationError(
            f"An encrypted value of the register ({', '.join(bound)}) cannot be decrypted: it was altered, "
            "or the key file belongs to another register.",
            remedy="put back the key file of this register; if it is the right one, restore the register "
            "from a back-up and run `afschrift audit verify`.",
        ) from None


def _bound(bound: tuple[str, ...]) -> bytes:
    return "\0".join(bound).encode()


class DataKey:
    """The data key of an owner; its `repr` shows no secret."""

    def __init__(self, raw: bytes, owner: str) -> None:
        self._raw = raw
        self._owner = owner

    @classmethod
    def fresh(cls, owner: str) -> DataKey:
        """A random key."""
        return cls(secrets.token_bytes(KEY_BYTES), owner)

    def __repr__(self) -> str:
        return f"DataKey({self._owner})"

    @property
    def raw(self) -> bytes:
        """The 32 bytes, only to be wrapped."""
        return self._raw

    def subkey(self, use: Use) -> bytes:
        """32 bytes derived for a use (HKDF-SHA256), so that one key never serves two algorithms."""
        return HKDF(SHA256(), KEY_BYTES, None, b"afschrift/" + use.encode()).derive(self._raw)

    def encrypt(self, plaintext: bytes, table: str, column: str, *row: str) -> bytes:
        """Encrypt a value for one place of the register."""
        return seal(self.subkey("fields"), plaintext, table, column, self._owner, *row)

    def decrypt(self, ciphertext: bytes, table: str, column: str, *row: str) -> bytes:
        """Decrypt a value of one place of the register.

        Raises:
            ConfigurationError: altered, moved, or encrypted under another key.
        """
        return unseal(self.subkey("fields"), ciphertext, table, column, self._owner, *row)

    def hmac(self, text: bytes) -> str:
        """HMAC-SHA256, hex: what the trail holds of a text. Useless once the key is destroyed."""
        mac = self.mac()
        mac.update(text)
        return mac.hexdigest()

    def mac(self) -> HMAC:
        """The HMAC object, for a text that comes in parts."""
        return hmac.new(self.subkey("hmac"), digestmod=hashlib.sha256)


def normalise(value: str, *, casefold: bool) -> str:
    """The form that is compared: NFC, without outer blanks, and without case if `casefold`."""
    text = unicodedata.normalize("NFC", value.strip())
    return unicodedata.normalize("NFC", text.casefold()) if casefold else text


def blind_index(index_key: bytes, name: str, value: str, *, casefold: bool) -> str:
    """HMAC-SHA256 of a key's name and normalised value under the key of a calendar year, hex.

    The name is included, so that equal values of two kinds of key have different indexes.
    """
    message = name.encode() + b"\0" + normalise(value, casefold=casefold).encode("utf-8", "surrogatepass")
    return hmac.new(index_key, message, hashlib.sha256).hexdigest()
