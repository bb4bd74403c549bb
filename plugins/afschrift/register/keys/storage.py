"""Where keys are kept: what a key store needs of such a place, one that can only be read, and a file.

The file is JSON apart from the database, readable by its owner alone, replaced whole under a lock.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from afschrift.app.private_files import open_to_others, private_file, private_folder
from afschrift.domain.errors import ConfigurationError
from afschrift.outside.limits import read_file
from afschrift.register.keys.document import KeyDocument, decode, encode

FRESH_SECONDS = 60
"""So long a process goes by what it read, where reading means asking another service."""


class Storage(Protocol):
    """A place that holds the keys.

    Attributes:
        location: what messages call it, to follow "the".
        settling_seconds: so long after a change another process may still go by the keys before it.
        file: where they lie in a file; what belongs beside them lies there too.
    """

    location: str
    settling_seconds: int = 0
    file: Path | None = None

    def load(self, *, anew: bool = False) -> KeyDocument:
        """The keys; `anew`: do not go by what was read before."""
        ...

    def change(self, change: Callable[[KeyDocument], KeyDocument]) -> None:
        """Replace the keys by what `change` makes of them; one writer at a time."""
        ...


class ReadOnly(Storage):
    """Keys that somebody else keeps, such as a secrets backend, and that a callable fetches.

    Raises in use:
        ConfigurationError: from `load`, what was fetched is no key document; from `change`, always.
    """

    settling_seconds = 15 * FRESH_SECONDS

    def __init__(
        self, read: Callable[[], str], location: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; nothing is fetched yet.

        Args:
            read: fetches the document, JSON.
            location: what messages call it, for example `Variable keys of the secrets backend`.
            clock: seconds that only grow.
        """
        self._read = read
        self._clock = clock
        self._known: tuple[float, KeyDocument] | None = None
        self.location = location

    def load(self, *, anew: bool = False) -> KeyDocument:
        """The keys, not older than a minute."""
        now = self._clock()
        if self._known is None or anew or now - self._known[0] >= FRESH_SECONDS:
            self._known = now, decode(self._read(), self.location)
        return self._known[1]

    def change(self, change: Callable[[KeyDocument], KeyDocument]) -> None:  # noqa: ARG002
        """Refuse."""
        raise ConfigurationError(
            f"The {self.location} can be read but not written from here.",
            remedy="run the command with `--print` and store what it prints there. Where the blind-index "
            "key of a new year is missing, `afschrift key rotate --print` prints keys for years ahead.",
        )


class KeyDraft(Storage):
    """A copy in memory of what a place holds, to be changed at will and then stored there by a person."""

    def __init__(self, origin: Storage) -> None:
        self._keys = origin.load(anew=True)
        self.location = origin.location
        self.settling_seconds = origin.settling_seconds

    def load(self, *, anew: bool = False) -> KeyDocument:  # noqa: ARG002  (there is one copy)
        """The keys as changed so far."""
        return self._keys

    def change(self, change: Callable[[KeyDocument], KeyDocument]) -> None:
        """Change the copy."""
        self._keys = change(self._keys)


_DRAFT = ".new"


class KeyFile(Storage):
    """Keys in a file of mode 0600, or of mode 0440 and a group of ours.

    It is read at each use: what another process changes counts at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = self.file = path
        self.location = f"key file {path}"

    def create(self, keys: KeyDocument) -> None:
        """Write the file for the first time.

        Raises:
            ConfigurationError: a file is there already; it is never overwritten.
        """
        private_folder(self._path.parent)
        with self._locked():
            if self._path.exists():
                raise ConfigurationError(
                    f"There is a {self.location} already.",
                    remedy="use it, or `afschrift key rotate` for a new key in it.",
                )
            self._save(keys)

    def load(self, *, anew: bool = False) -> KeyDocument:  # noqa: ARG002  (a file is always read anew)
        """Read the file.

        Raises:
            ConfigurationError: missing, readable by others, or no key file of this format.
        """
        try:
            status = self._path.stat()
            content = read_file(self._path)
        except FileNotFoundError:
            raise ConfigurationError(
                f"There is no {self.location}.",
                remedy="make one with `afschrift key new`, or put back the one that belongs to the "
                "register: without it nothing that is encrypted in the register can be read.",
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"The {self.location} cannot be read: {error.strerror}.",
                remedy="give the service's account access.",
            ) from None
        if open_to_others(status):
            raise ConfigurationError(
                f"The {self.location} is open to other accounts (mode {status.st_mode & 0o777:03o}).",
                remedy=f"run `chmod 600 {self._path}`, and if others may have read it, `afschrift key "
                "rotate`, `afschrift key retire` and `afschrift key rotate --signing`.",
            )
        return decode(content, self.location)

    def change(self, change: Callable[[KeyDocument], KeyDocument]) -> None:
        """Change the keys; one writer at a time.

        Raises:
            ConfigurationError: the folder or the file cannot be written.
        """
        with self._locked():
            self._save(change(self.load()))

    def _save(self, keys: KeyDocument) -> None:
        """Replace the file at once: a reader sees the old one or the new one, also after a power failure."""
        # What a killed writer left would keep a key that is destroyed later. Whoever is here holds the lock.
        for left in self._path.parent.glob(f".{self._path.name}.*{_DRAFT}"):
            left.unlink()
        handle, name = tempfile.mkstemp(_DRAFT, f".{self._path.name}.", self._path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(encode(keys))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The lock is a file beside the key file, since that one is replaced."""
        try:
            with private_file(self._path.with_name(f".{self._path.name}.lock")) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise ConfigurationError(
                f"The {self.location} cannot be written: {error.strerror}.",
                remedy="let the service's account write in its folder, and see that there is room.",
            ) from None
