"""Keys of the register: they wrap data keys, blind identity keys and sign bundles.

They live in a file apart from the database, so that neither alone opens anything. The file is read
at each use: a key rotated or destroyed by another process counts at once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from afschrift.core.errors import ConfigurationError
from afschrift.core.request import new_id
from afschrift.core.signing import key_id
from afschrift.ledger import keyfile
from afschrift.ledger.clock import Clock, rfc3339, utc_now
from afschrift.ledger.crypto import KEY_BYTES, seal, unseal
from afschrift.ledger.keyfile import KeyFile, StoredKey


@dataclass(frozen=True)
class IndexKey:
    """Key of the blind index of one calendar year; `id` is the year with a part of the key's digest."""

    id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class SigningKey:
    """Ed25519 key that signs bundles; `id` is the name of its public key."""

    id: str
    private: Ed25519PrivateKey = field(repr=False)


@dataclass(frozen=True)
class KeyInfo:
    """What may be shown of a key.

    Attributes:
        kind: `kek`, `index` or `signing`.
        active: whether new work uses it.
    """

    id: str
    kind: str
    created: str
    active: bool


class KeyStore:
    """The key file at work. Use `create` or `open`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    @classmethod
    def create(cls, path: Path, clock: Clock = utc_now) -> KeyStore:
        """Make a key file (mode 0600) with a first wrapping key and a first signing key.

        Raises:
            ConfigurationError: a file is there already; it is never overwritten.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        store = cls(path, clock)
        with keyfile.locked(path):
            if path.exists():
                raise ConfigurationError(
                    f"There is a key file at {path} already.",
                    way_out="use it, or `afschrift key rotate` for a new key in it.",
                )
            now = rfc3339(clock())
            keyfile.save(path, KeyFile(keyfile.FORMAT, (_new_kek(now),), {}, (_new_signing_key(now),)))
        return store

    @classmethod
    def open(cls, path: Path, clock: Clock = utc_now) -> KeyStore:
        """Use an existing key file.

        Raises:
            ConfigurationError: missing, readable by others, or damaged; names the file and the command.
        """
        keyfile.load(path)
        return cls(path, clock)

    def __repr__(self) -> str:
        return f"KeyStore({self._path})"

    def rotate(self) -> str:
        """Add a wrapping key and make it the active one; returns its id. Older ones stay for unwrapping."""
        kek = _new_kek(rfc3339(self._clock()))
        self._change(lambda keys: replace(keys, keks=(*keys.keks, kek)))
        return kek.id

    def rotate_signing(self) -> str:
        """Add a signing key and make it the active one; returns its id. Older public keys stay published."""
        key = _new_signing_key(rfc3339(self._clock()))
        self._change(lambda keys: replace(keys, signing_keys=(*keys.signing_keys, key)))
        return key.id

    def forget_kek(self, kek_id: str) -> None:
        """Destroy a wrapping key. Nothing wrapped under it opens again, in no back-up of the register either.

        Raises:
            ConfigurationError: it is the active one.
        """
        if kek_id == self.active_kek:
            raise ConfigurationError(
                f"The wrapping key {kek_id} is the active one.", way_out="run `afschrift key rotate` first."
            )
        self._change(lambda keys: replace(keys, keks=tuple(k for k in keys.keks if k.id != kek_id)))

    def forget_index_key(self, year: int) -> None:
        """Destroy the blind-index key of a year: the persons of that year are recognised no more."""
        self._change(
            lambda keys: replace(
                keys, index_keys={y: key for y, key in keys.index_keys.items() if y != str(year)}
            )
        )

    @property
    def active_kek(self) -> str:
        """Id of the wrapping key that new data keys get."""
        return keyfile.load(self._path).keks[-1].id

    def wrap(self, data_key: bytes, owner: str) -> tuple[str, bytes]:
        """Wrap a data key under the active wrapping key, bound to its owner: (id of that key, wrapped)."""
        kek = keyfile.load(self._path).keks[-1]
        return kek.id, seal(kek.key, data_key, "data_key", "wrapped", owner)

    def unwrap(self, kek_id: str, wrapped: bytes, owner: str) -> bytes:
        """Open a wrapped data key.

        Raises:
            ConfigurationError: the key file does not hold that wrapping key, or the value was altered.
        """
        for kek in keyfile.load(self._path).keks:
            if kek.id == kek_id:
                return unseal(kek.key, wrapped, "data_key", "wrapped", owner)
        raise ConfigurationError(
            f"The key file {self._path} does not hold the wrapping key {kek_id}.",
            way_out="put back the key file that belongs to this register.",
        )

    def index_key(self, year: int) -> IndexKey:
        """Blind-index key of a calendar year; made at its first use."""
        name = str(year)
        if name not in keyfile.load(self._path).index_keys:
            key = _new_index_key(name, rfc3339(self._clock()))
            self._change(lambda keys: replace(keys, index_keys={name: key, **keys.index_keys}))
        stored = keyfile.load(self._path).index_keys[name]
        return IndexKey(stored.id, stored.key)

    def index_keys(self) -> tuple[IndexKey, ...]:
        """All blind-index keys that are left."""
        return tuple(IndexKey(k.id, k.key) for k in keyfile.load(self._path).index_keys.values())

    def signing_key(self) -> SigningKey:
        """The active signing key."""
        stored = keyfile.load(self._path).signing_keys[-1]
        return SigningKey(stored.id, Ed25519PrivateKey.from_private_bytes(stored.key))

    def public_keys(self) -> dict[str, bytes]:
        """Key id -> raw Ed25519 public key (32 bytes), of all signing keys ever used."""
        return {
            k.id: Ed25519PrivateKey.from_private_bytes(k.key).public_key().public_bytes_raw()
            for k in keyfile.load(self._path).signing_keys
        }

    def listing(self) -> tuple[KeyInfo, ...]:
        """All keys without their secrets."""
        keys = keyfile.load(self._path)
        year = str(self._clock().year)
        return (
            *(KeyInfo(k.id, "kek", k.created, k is keys.keks[-1]) for k in keys.keks),
            *(KeyInfo(k.id, "index", k.created, y == year) for y, k in sorted(keys.index_keys.items())),
            *(KeyInfo(k.id, "signing", k.created, k is keys.signing_keys[-1]) for k in keys.signing_keys),
        )

    def _change(self, change: Callable[[KeyFile], KeyFile]) -> None:
        with keyfile.locked(self._path):
            keyfile.save(self._path, change(keyfile.load(self._path)))


def _new_kek(now: str) -> StoredKey:
    return StoredKey(new_id("kek"), secrets.token_bytes(KEY_BYTES), now)


def _new_index_key(year: str, now: str) -> StoredKey:
    key = secrets.token_bytes(KEY_BYTES)
    return StoredKey(f"{year}-{hashlib.sha256(key).hexdigest()[:8]}", key, now)


def _new_signing_key(now: str) -> StoredKey:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return StoredKey(key_id(public), private.private_bytes_raw(), now)
