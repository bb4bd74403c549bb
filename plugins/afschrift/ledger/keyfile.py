"""The key file: JSON apart from the database, readable by its owner alone, replaced whole under a lock."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from afschrift.core.errors import ConfigurationError

FORMAT = "afschrift-keys/1"


@dataclass(frozen=True)
class StoredKey:
    """A secret with its id and the instant of its making (RFC 3339)."""

    id: str
    key: bytes = field(repr=False)
    created: str


@dataclass(frozen=True)
class KeyFile:
    """What the file holds; keys are base64.

    Attributes:
        keks: keys that wrap data keys; the last one is active.
        index_keys: calendar year -> key of the blind index.
        signing_keys: Ed25519 private keys; the last one is active.
    """

    format: str
    keks: tuple[StoredKey, ...] = ()
    index_keys: dict[str, StoredKey] = field(default_factory=dict)
    signing_keys: tuple[StoredKey, ...] = ()


def load(path: Path) -> KeyFile:
    """Read a key file.

    Raises:
        ConfigurationError: missing, readable by others, or no key file of this format.
    """
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no key file at {path}.",
            way_out="make one with `afschrift key new`, or put back the one that belongs to the register: "
            "without it nothing that is encrypted in the register can be read.",
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"The key file {path} cannot be read: {error.strerror}.",
            way_out="give the service's account access.",
        ) from None
    if mode & 0o077:
        raise ConfigurationError(
            f"The key file {path} is open to other accounts (mode {mode & 0o777:03o}).",
            way_out=f"run `chmod 600 {path}`, and if others may have read it, `afschrift key rotate`.",
        )
    try:
        keys = msgspec.json.decode(content, type=KeyFile)
    except msgspec.DecodeError:
        keys = None
    if keys is None or keys.format != FORMAT or not (keys.keks and keys.signing_keys):
        raise ConfigurationError(
            f"The file {path} is no key file of the format {FORMAT}.",
            way_out="put back the key file from a back-up.",
        )
    return keys


def save(path: Path, keys: KeyFile) -> None:
    """Replace a key file at once: a reader sees the old one or the new one, also after a power failure."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(keys), indent=2))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One writer at a time. The lock is a file beside the key file, since that one is replaced.

    Raises:
        ConfigurationError: the folder or the file cannot be written.
    """
    try:
        with path.with_name(f".{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise ConfigurationError(
            f"The key file {path} cannot be written: {error.strerror}.",
            way_out="let the service's account write in its folder, and see that there is room.",
        ) from None
