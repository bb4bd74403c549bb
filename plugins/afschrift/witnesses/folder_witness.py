"""A folder or an object store as a witness: each file is written once and never changed."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fsspec import get_filesystem_class
from upath import UPath

from afschrift.app.extras import require_for
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.witnesses.witness import Files

_LOCAL = frozenset({"", "file", "local"})
_PROBE, _PROBE_TEXT = (
    "afschrift-probe",
    b"Left by afschrift check: who wrote this must not be able to remove it.\n",
)
_CONFIGURATION = (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError)


class FolderWitness:
    """Keeps checkpoints as files. Write-once storage (object lock, another owner) makes it a witness."""

    readable = True

    def __init__(self, name: str, url: str, options: Mapping[str, Any]) -> None:
        """Take the place.

        Args:
            name: name of the place, as errors call it.
            url: for example `file:///mnt/dpo/checkpoints` or `s3://bucket/checkpoints`.
            options: what `fsspec` needs for it, credentials included; never shown.

        Raises:
            ConfigurationError: no library is installed for this kind of address.
        """
        self.name = name
        require_for(url, f"The witness place '{name}'")
        try:
            self._folder = UPath(url, **options)
            get_filesystem_class(self._folder.protocol or "file")  # is its library there?
        except (ImportError, ValueError, TypeError) as error:
            raise ConfigurationError(
                f"The address of the witness place '{name}' cannot be used ({type(error).__name__}).",
                remedy="correct address and options; an object store needs its library (s3fs, gcsfs).",
            ) from None
        self._path = self._folder.path.rstrip("/")
        self._local = self._folder.protocol in _LOCAL

    def __repr__(self) -> str:
        """Hide the options: they may hold credentials."""
        return f"FolderWitness({self.name!r})"

    def send(self, files: Files) -> None:
        """Write files that are not there yet; as `Witness.send`."""
        for name, content in files.items():
            with self._errors():
                try:
                    if self._local:
                        _write_once(Path(self._path), name, content)
                    else:
                        self._remote.pipe_file(f"{self._path}/{name}", content, mode="create")
                    continue
                except FileExistsError:
                    there = self._content(name)
            if there != content:
                raise ConfigurationError(
                    f"The witness place '{self.name}' holds another content under the name {name}.",
                    remedy="this is how a trail that was set back shows: run `afschrift audit verify` "
                    "before anything else.",
                )

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Read every checkpoint and stamp in the folder, in order; as `Witness.read`."""
        for name in self.names("afschrift-checkpoint-"):
            yield name, self.content(name)

    def names(self, prefix: str) -> list[str]:
        """Names of the files with a prefix, in order; errors as of `Witness.send`."""
        with self._errors():
            return sorted(name for name in self._names() if name.startswith(prefix))

    def content(self, name: str) -> bytes:
        """Content of a file; errors as of `Witness.send`."""
        with self._errors():
            return self._content(name)

    def rewritable(self) -> bool:
        """Whether this account can remove what it wrote here, tried on a probe file.

        If it can, an attacker who sets the trail back could set this place back too: it proves nothing.
        """
        try:
            self.send({_PROBE: _PROBE_TEXT})
            if self._local:
                Path(self._path, _PROBE).unlink()
            else:
                self._remote.rm_file(f"{self._path}/{_PROBE}")
        except RetriableError:
            raise
        except Exception:  # refused; each store has its own error for that
            return False
        return True

    @property
    def _remote(self) -> Any:
        """The store, connected at first use; `Any` because fsspec has no types."""
        return self._folder.fs

    def _names(self) -> list[str]:
        if self._local:
            return [path.name for path in Path(self._path).iterdir()]
        self._remote.invalidate_cache()
        try:
            found = self._remote.ls(self._path, detail=False)
        except FileNotFoundError:  # an object store has no empty folders
            return []
        return [path.rstrip("/").rpartition("/")[2] for path in found]

    def _content(self, name: str) -> bytes:
        if self._local:
            return Path(self._path, name).read_bytes()
        content: bytes = self._remote.cat_file(f"{self._path}/{name}")
        return content

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except _CONFIGURATION as error:
            raise ConfigurationError(
                f"The witness place '{self.name}' cannot be used ({type(error).__name__}).",
                remedy="check its folder and the rights there: new files may be made, none changed.",
            ) from None
        except Exception as error:  # each store's library raises errors of its own
            if isinstance(error, ConfigurationError):
                raise
            reason = type(error).__name__
            if isinstance(error, OSError) and error.errno:
                reason = os.strerror(error.errno)
            raise RetriableError(
                f"The witness place '{self.name}' did not answer ({reason}).",
                remedy="bring it back; the next checkpoint makes up for what it lacks.",
            ) from None


def _write_once(folder: Path, name: str, content: bytes) -> None:
    """Write a file completely or not at all.

    Raises:
        FileExistsError: the name is taken. A hard link, unlike a rename, never replaces a file.
    """
    handle, part = tempfile.mkstemp(dir=folder, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o440)
        try:
            (folder / name).hardlink_to(part)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
                raise
            with (folder / name).open("xb") as plain:  # no hard links on this file system
                plain.write(content)
    finally:
        Path(part).unlink(missing_ok=True)
