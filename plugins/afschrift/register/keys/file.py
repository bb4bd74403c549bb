"""The key file: JSON apart from the database, readable by its owner alone, replaced whole under a lock."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from afschrift.app.private_files import open_to_others, private_file, private_folder
from afschrift.domain.errors import ConfigurationError
from afschrift.outside.limits import read_file
from afschrift.register.keys.document import KeyDocument, decode, encode
from afschrift.register.keys.storage import Storage

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
