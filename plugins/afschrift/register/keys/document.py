"""The JSON document that holds the keys, and functions that return a changed one.

Its format is data: a key file of an earlier version must open.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field, replace

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.notation import key_id
from afschrift.domain.request import new_id
from afschrift.register.keys.crypto import KEY_BYTES

FORMAT = "afschrift-keys/1"
INDEX_YEARS = 5
"""Years, including the current one, for which blind-index keys are made whenever keys are made."""


@dataclass(frozen=True)
class StoredKey:
    """A secret with its id and the instant of its making (RFC 3339)."""

    id: str
    key: bytes = field(repr=False)
    created: str


@dataclass(frozen=True)
class FormerKey:
    """A signing key that is no longer used: its public half alone.

    Attributes:
        public: raw Ed25519 public key, 32 bytes.
        retired: instant at which another key replaced it.
        revoked_since: what it signed from this instant on is not trusted; None: it was not stolen.
    """

    id: str
    public: bytes
    created: str
    retired: str
    revoked_since: str | None = None


@dataclass(frozen=True)
class KeyDocument:
    """All keys of an installation; in JSON, bytes are base64.

    Attributes:
        keks: keys that wrap data keys; the last one is active.
        index_keys: calendar year -> key of the blind index.
        signing_keys: Ed25519 private keys; the last one is active.
        former_signing_keys: those that a rotation replaced.
        trail_keys: keys of the codes of events; the last one is active. Empty in a document from before
            there were codes.
    """

    format: str
    keks: tuple[StoredKey, ...] = ()
    index_keys: dict[str, StoredKey] = field(default_factory=dict)
    signing_keys: tuple[StoredKey, ...] = ()
    former_signing_keys: tuple[FormerKey, ...] = ()
    trail_keys: tuple[StoredKey, ...] = ()


def decode(content: bytes | str, location: str) -> KeyDocument:
    """Read a document.

    Args:
        content: JSON.
        location: what it was read from, for the message.

    Raises:
        ConfigurationError: no document of this format. The message quotes nothing of it.
    """
    try:
        keys = msgspec.json.decode(content, type=KeyDocument)
    except (msgspec.DecodeError, UnicodeError):
        keys = None
    if keys is None or keys.format != FORMAT or not keys.keks or not _whole(keys):
        raise ConfigurationError(
            f"The {location} does not hold keys of the format {FORMAT}.",
            remedy="put the keys back from a back-up.",
        )
    return keys


def encode(keys: KeyDocument) -> bytes:
    """The document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(keys), indent=2)


def secret_texts(keys: KeyDocument) -> list[str]:
    """Every secret as the JSON spells it, for the code that keeps secrets out of logs."""
    return [base64.b64encode(stored.key).decode() for stored in _stored(keys)]


def fresh(now: str) -> KeyDocument:
    """A new document: a wrapping key, a signing key and a trail key, and index keys for years ahead."""
    return with_all_kinds(KeyDocument(FORMAT, (_new_kek(now),), {}, (_new_signing_key(now),)), now)


def with_new_kek(keys: KeyDocument, now: str) -> KeyDocument:
    """With a further wrapping key, which is active then."""
    return with_all_kinds(replace(keys, keks=(*keys.keks, _new_kek(now))), now)


def with_new_signing_key(keys: KeyDocument, now: str) -> KeyDocument:
    """With another signing key. Of the previous ones the public half stays; the private one is not needed."""
    former = tuple(FormerKey(key.id, public_half(key.key), key.created, now) for key in keys.signing_keys)
    changed = replace(
        keys, signing_keys=(_new_signing_key(now),), former_signing_keys=(*keys.former_signing_keys, *former)
    )
    return with_all_kinds(changed, now)


def with_index_key(keys: KeyDocument, year: int, now: str) -> KeyDocument:
    """With a blind-index key for a year; an existing one stays."""
    if str(year) in keys.index_keys:
        return keys
    key = secrets.token_bytes(KEY_BYTES)
    stored = StoredKey(f"{year}-{hashlib.sha256(key).hexdigest()[:8]}", key, now)
    return replace(keys, index_keys={**keys.index_keys, str(year): stored})


def with_all_kinds(keys: KeyDocument, now: str) -> KeyDocument:
    """With a trail key, and index keys for this year and the next ones.

    A read-only document then lasts for years, and one from before trail keys gets one with its next change.
    """
    this = int(now[:4])
    for year in range(this, this + INDEX_YEARS):
        keys = with_index_key(keys, year, now)
    if not keys.trail_keys:
        keys = replace(keys, trail_keys=(StoredKey(new_id("tk"), secrets.token_bytes(KEY_BYTES), now),))
    return keys


def without_kek(keys: KeyDocument, kek_id: str) -> KeyDocument:
    """Without a wrapping key.

    Raises:
        ConfigurationError: it is active.
    """
    if kek_id == keys.keks[-1].id:
        raise ConfigurationError(
            f"The wrapping key {kek_id} is the active one.", remedy="run `afschrift key rotate` first."
        )
    return replace(keys, keks=tuple(key for key in keys.keks if key.id != kek_id))


def without_index_key(keys: KeyDocument, year: int) -> KeyDocument:
    """Without the blind-index key of a year."""
    return replace(keys, index_keys={y: key for y, key in keys.index_keys.items() if y != str(year)})


def with_revocation(keys: KeyDocument, signing_key_id: str, since: str) -> KeyDocument:
    """With a former signing key marked as stolen since an instant; the earliest instant counts.

    Raises:
        RefusedError: it is active or unknown.
    """
    if any(key.id == signing_key_id for key in keys.signing_keys):
        raise RefusedError(
            f"The signing key {signing_key_id} is the active one.",
            remedy="run `afschrift key rotate --signing` first.",
        )
    if all(key.id != signing_key_id for key in keys.former_signing_keys):
        raise RefusedError(
            "There is no signing key with this id.", remedy="see the ids with `afschrift key list`."
        )
    former = tuple(
        replace(key, revoked_since=min(since, key.revoked_since or since))
        if key.id == signing_key_id
        else key
        for key in keys.former_signing_keys
    )
    return replace(keys, former_signing_keys=former)


def public_half(private: bytes) -> bytes:
    """Raw public key (32 bytes) of a raw Ed25519 private key."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _stored(keys: KeyDocument) -> tuple[StoredKey, ...]:
    return (*keys.keks, *keys.index_keys.values(), *keys.signing_keys, *keys.trail_keys)


def _whole(keys: KeyDocument) -> bool:
    """Whether every key has its full length: a truncated copy would fail only at its first use."""
    halves = (key.public for key in keys.former_signing_keys)
    return all(len(key) == KEY_BYTES for key in (*(stored.key for stored in _stored(keys)), *halves))


def _new_kek(now: str) -> StoredKey:
    return StoredKey(new_id("kek"), secrets.token_bytes(KEY_BYTES), now)


def _new_signing_key(now: str) -> StoredKey:
    private = Ed25519PrivateKey.generate().private_bytes_raw()
    return StoredKey(key_id(public_half(private)), private, now)
