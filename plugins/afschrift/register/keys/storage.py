"""Places that hold the keys: the protocol, a place that is read only, a copy in memory, and a file.

The key file is JSON, apart from the database. Its owner alone can read it; a change replaces the whole file
under a lock.
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
"""How long a process uses what it read, where reading means a call of another service."""


class Storage(Protocol):
    """A place that holds the keys.

    Attributes:
        location: its name in messages, after "the".
        settling_seconds: how long after a change another process may still use the previous keys.
        file: path of the key file; None: the keys are in no file. The trail's height lies next to it.
    """

    location: str
    settling_seconds: int = 0
    file: Path | None = None

    def load(self, *, anew: bool = False) -> KeyDocument:
        """The keys; `anew`: do not use what was read before."""
        ...

    def change(self, change: Callable[[KeyDocument], KeyDocument]) -> None:
        """Replace the keys by the result of `change`; one writer at a time."""
        ...


class ReadOnly(Storage):
    """Keys that another service holds, such as a secrets backend; a callable fetches them.

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
            location: name in messages, for example `Variable keys of the secrets backend`.
            clock: monotonic seconds.
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
    """A copy of the keys in memory, to change and then to be stored by a person (`--print`)."""

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

    It is read at each use, so that changes of another process apply at once.
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
        """Replace the file atomically: a reader sees the old or the new one, also after a power failure."""
        # A draft that a killed writer left would preserve a key that is destroyed later. No other writer is
        # active: the lock is held here.
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
        """Hold the lock: a file next to the key file, since the key file itself is replaced."""
        try:
            with private_file(self._path.with_name(f".{self._path.name}.lock")) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise ConfigurationError(
                f"The {self.location} cannot be written: {error.strerror}.",
                remedy="let the service's account write in its folder, and see that there is room.",
            ) from None
