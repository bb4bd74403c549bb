"""The installation's keys in use: they wrap data keys, blind identity keys, sign bundles and code events.

They are kept apart from the database, in a file or a secrets backend, so that neither alone opens anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.instants import Clock, rfc3339, utc_now
from afschrift.register.keys import document as keydocument
from afschrift.register.keys.crypto import seal, unseal
from afschrift.register.keys.document import KeyDocument
from afschrift.register.keys.storage import KeyDraft, KeyFile, Storage


@dataclass(frozen=True)
class IndexKey:
    """Key of the blind index of one calendar year; `id` is the year with a part of the key's digest."""

    id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class TrailKey:
    """Key of the codes of the trail's events."""

    id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class SigningKey:
    """Ed25519 key that signs bundles and checkpoints; `id` is the name of its public key."""

    id: str
    private: Ed25519PrivateKey = field(repr=False)


@dataclass(frozen=True)
class KeyInfo:
    """What may be shown of a key.

    Attributes:
        kind: `kek`, `index`, `signing` or `trail`.
        active: whether it is used for what is new.
        revoked_since: instant from which on a stolen signing key is not trusted.
    """

    id: str
    kind: str
    created: str
    active: bool
    revoked_since: str | None = None


class KeyStore:
    """The keys of an installation. Use `create` or `open`."""

    def __init__(self, storage: Storage, clock: Clock = utc_now) -> None:
        self._storage = storage
        self._clock = clock

    @classmethod
    def create(cls, path: Path, clock: Clock = utc_now) -> KeyStore:
        """Make a key file (mode 0600) with first keys.

        Raises:
            ConfigurationError: a file is there already; it is never overwritten.
        """
        file = KeyFile(path)
        file.create(keydocument.fresh(rfc3339(clock())))
        return cls(file, clock)

    @classmethod
    def open(cls, location: Path | Storage, clock: Clock = utc_now) -> KeyStore:
        """Use existing keys: a file's path, or another place.

        Raises:
            ConfigurationError: missing, readable by others, or damaged; names the place and the command.
        """
        storage = KeyFile(location) if isinstance(location, Path) else location
        storage.load()
        return cls(storage, clock)

    def __repr__(self) -> str:
        return f"KeyStore({self.location})"

    @property
    def location(self) -> str:
        """Where the keys are; its name in messages, after "the"."""
        return self._storage.location

    @property
    def file(self) -> Path | None:
        """Path of the key file; None: the keys are not in a file."""
        return self._storage.file

    @property
    def settling_seconds(self) -> int:
        """How long after a change another process may still use the previous keys."""
        return self._storage.settling_seconds

    def draft(self) -> KeyStore:
        """A copy in memory; its changes are stored nowhere until a person stores its `document`."""
        return KeyStore(KeyDraft(self._storage), self._clock)

    def document(self) -> str:
        """All keys as they are stored. Secret: only for the place that holds them."""
        return keydocument.encode(self._storage.load()).decode()

    def must_be_writable(self) -> None:
        """Check, before anything else is done, that the keys can be changed.

        Raises:
            ConfigurationError: the place cannot be written from here; says what to do.
        """
        self._storage.change(lambda keys: keys)

    def rotate(self) -> str:
        """Add a wrapping key and make it active; returns its id. Older ones stay, to unwrap."""
        self._change(keydocument.with_new_kek)
        return self.active_kek

    def rotate_signing(self) -> str:
        """Make another signing key active; returns its id. Of the previous one the public half stays."""
        self._change(keydocument.with_new_signing_key)
        return self.signing_key().id

    def forget_kek(self, kek_id: str) -> None:
        """Destroy a wrapping key. What it wrapped cannot be opened again, not even in a back-up.

        Raises:
            ConfigurationError: it is active.
        """
        self._storage.change(lambda keys: keydocument.without_kek(keys, kek_id))

    def forget_index_key(self, year: int) -> None:
        """Destroy the blind-index key of a year: the persons of that year are no longer recognised."""
        self._storage.change(lambda keys: keydocument.without_index_key(keys, year))

    def revoke(self, signing_key_id: str, since: str) -> None:
        """Mark a former signing key as stolen since an instant (RFC 3339, UTC).

        Raises:
            RefusedError: it is active or unknown.
        """
        self._storage.change(lambda keys: keydocument.with_revocation(keys, signing_key_id, since))

    @property
    def active_kek(self) -> str:
        """Id of the wrapping key that new data keys get."""
        return self._storage.load().keks[-1].id

    def wrap(self, data_key: bytes, owner: str) -> tuple[str, bytes]:
        """Wrap a data key under the active wrapping key, bound to its owner: (id of that key, wrapped)."""
        kek = self._storage.load().keks[-1]
        return kek.id, seal(kek.key, data_key, "data_key", "wrapped", owner)

    def unwrap(self, kek_id: str, wrapped: bytes, owner: str) -> bytes:
        """Open a wrapped data key.

        Raises:
            ConfigurationError: the wrapping key is missing, or the value was altered.
        """
        for anew in (False, True):  # another process may have made the key after the keys were read here
            for kek in self._storage.load(anew=anew).keks:
                if kek.id == kek_id:
                    return unseal(kek.key, wrapped, "data_key", "wrapped", owner)
        raise ConfigurationError(
            f"The {self.location} does not hold the wrapping key {kek_id}.",
            remedy="put back the keys that belong to this register; docs/operator/keys.md says what holds if "
            "they are lost.",
        )

    def index_key(self, year: int) -> IndexKey:
        """Blind-index key of a calendar year; made at its first use unless it was made ahead.

        Raises:
            ConfigurationError: it is missing, and the place cannot be written from here.
        """
        name = str(year)
        if not any(name in self._storage.load(anew=anew).index_keys for anew in (False, True)):
            self._change(lambda keys, now: keydocument.with_index_key(keys, year, now))
        stored = self._storage.load().index_keys[name]
        return IndexKey(stored.id, stored.key)

    def index_keys(self) -> tuple[IndexKey, ...]:
        """All blind-index keys that were not destroyed."""
        return tuple(IndexKey(k.id, k.key) for k in self._storage.load().index_keys.values())

    def trail_key(self) -> TrailKey:
        """The key that makes the codes of new events.

        Raises:
            ConfigurationError: there is none.
        """
        for anew in (False, True):
            if stored := self._storage.load(anew=anew).trail_keys:
                return TrailKey(stored[-1].id, stored[-1].key)
        raise ConfigurationError(
            f"The {self.location} holds no trail key, by which the service knows its own events.",
            remedy="run `afschrift register upgrade`; where the keys are in a secrets backend, store what "
            "`afschrift key rotate --print` prints first.",
        )

    def trail_keys(self) -> dict[str, bytes]:
        """Key id -> key, of all keys that ever made codes."""
        return {key.id: key.key for key in self._storage.load().trail_keys}

    def make_trail_key(self) -> bool:
        """Make a trail key where there is none; returns whether one was made.

        Raises:
            ConfigurationError: the place cannot be written from here.
        """
        if self._storage.load(anew=True).trail_keys:
            return False
        self._change(keydocument.with_all_kinds)
        return True

    def signing_key(self) -> SigningKey:
        """The active signing key.

        Raises:
            ConfigurationError: there is none.
        """
        stored = next(reversed(self._storage.load().signing_keys), None)
        if stored is None:
            raise ConfigurationError(
                f"The {self.location} holds no signing key.",
                remedy="put it back from a back-up, or make another one: `afschrift key rotate --signing`.",
            )
        return SigningKey(stored.id, Ed25519PrivateKey.from_private_bytes(stored.key))

    def public_keys(self) -> dict[str, bytes]:
        """Key id -> raw Ed25519 public key (32 bytes), of all signing keys that were ever used."""
        keys = self._storage.load()
        former = {key.id: key.public for key in keys.former_signing_keys}
        return former | {key.id: keydocument.public_half(key.key) for key in keys.signing_keys}

    def revoked(self) -> dict[str, str]:
        """Key id -> instant since which a signing key is not trusted."""
        former = self._storage.load().former_signing_keys
        return {key.id: key.revoked_since for key in former if key.revoked_since}

    def listing(self) -> tuple[KeyInfo, ...]:
        """All keys without their secrets."""
        keys = self._storage.load()
        year = str(self._clock().year)
        return (
            *(KeyInfo(k.id, "kek", k.created, k is keys.keks[-1]) for k in keys.keks),
            *(KeyInfo(k.id, "index", k.created, y == year) for y, k in sorted(keys.index_keys.items())),
            *(KeyInfo(k.id, "signing", k.created, False, k.revoked_since) for k in keys.former_signing_keys),
            *(KeyInfo(k.id, "signing", k.created, k is keys.signing_keys[-1]) for k in keys.signing_keys),
            *(KeyInfo(k.id, "trail", k.created, k is keys.trail_keys[-1]) for k in keys.trail_keys),
        )

    def _change(self, change: Callable[[KeyDocument, str], KeyDocument]) -> None:
        now = rfc3339(self._clock())
        self._storage.change(lambda keys: change(keys, now))
