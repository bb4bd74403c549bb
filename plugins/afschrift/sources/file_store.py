"""Folders and object stores with uploaded files, read by the path or key in a row (R60)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from upath import UPath

from afschrift.app.extras import require_for
from afschrift.app.object_stores import of_place
from afschrift.domain.errors import OutsideStoreError, RetriableError

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class UploadStore:
    """A store below a folder or URL.

    A path in a row is untrusted: only plain relative paths are opened, and in a folder no link that leads out
    of it.

    Args:
        place: `source.store`, for errors.
        url: folder, or URL that fsspec knows.
        options: fsspec's options.
    """

    def __init__(self, store: str, url: str, options: Mapping[str, Any]) -> None:
        self._place = store
        require_for(url, f"The store {store}")
        try:
            self._root = UPath(url, **options)
            there = self._root.exists()
        except Exception as error:
            if not (of_place(error) or isinstance(error, (ImportError, ValueError))):
                raise
            raise self._gone(type(error).__name__) from None
        # An object store has no folders, so a root without any file may be right.
        if not there and isinstance(self._root, Path):
            raise self._gone("no such folder")

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Open a file for reading.

        Raises:
            OutsideStoreError: the path leads out of the store.
            FileNotFoundError: there is no such file.
            RetriableError: the store cannot be read.
        """
        parts = _parts(key)
        try:
            if isinstance(self._root, Path):
                stream = self._local(parts)
            else:
                stream = cast(BinaryIO, self._root.joinpath(*parts).open("rb"))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise FileNotFoundError from None  # without the name, which is personal data
        except Exception as error:
            if not of_place(error):
                raise
            raise self._gone(getattr(error, "strerror", None) or type(error).__name__) from None
        with stream:
            yield stream

    def _local(self, parts: list[str]) -> BinaryIO:
        root = Path(os.fspath(cast(Path, self._root))).resolve()
        path = root.joinpath(*parts).resolve()
        if root not in path.parents:
            raise OutsideStoreError("A link leads out of the store.")
        # The path is resolved, so O_NOFOLLOW refuses only a link put there since; O_NONBLOCK skips pipes.
        descriptor = os.open(path, _FLAGS)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError
        return os.fdopen(descriptor, "rb")

    def _gone(self, reason: str) -> RetriableError:
        return RetriableError(
            f"The store {self._place} of uploaded files cannot be read: {reason}.",
            remedy="see whether it is mounted or reachable, its `url` in the inventory is right, and the "
            "account may read it; of an object store, whether its fsspec package is installed.",
        )


def _parts(key: str) -> list[str]:
    """Split a plain relative path into names, and refuse any other."""
    parts = key.split("/")
    wrong = any(part in ("", ".", "..") for part in parts) or any(sign in key for sign in "\\\0")
    if wrong or ":" in parts[0] or parts[0].startswith("~"):
        raise OutsideStoreError("A path leads out of the store.")
    return parts
