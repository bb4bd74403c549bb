"""The listed files of a store, as DuckDB reads them: no other ones, no listing again, footers from memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fsspec import AbstractFileSystem

_SAME = datetime(2000, 1, 1, tzinfo=UTC)
"""For DuckDB's cache: files of a session are those that were listed."""


class KnownFiles(AbstractFileSystem):  # type: ignore[misc]
    """In place of the file system that reaches the store.

    DuckDB asks one file after the other for its size, its time and its footer: of a store each is a request.
    Names are no patterns here.
    """

    cachable = False

    def __init__(self, store: Any) -> None:
        super().__init__()
        self.protocol = store.protocol
        self._store = store
        self._sizes: dict[str, int] = {}
        self._tails: dict[str, bytes] = {}

    def know(self, files: Mapping[str, tuple[int, bytes]]) -> None:
        """Take files on, each with its size and last bytes; the last bytes of earlier ones are let go."""
        self._sizes |= {name: size for name, (size, _) in files.items()}
        self._tails = {name: tail for name, (_, tail) in files.items()}

    def unstrip_protocol(self, name: str) -> str:
        """The name unchanged: those that were listed have their protocol."""
        return name

    def glob(self, path: str, **_: Any) -> list[str]:
        """The file of this name; nothing where it was not listed."""
        return [path] if path in self._sizes else []

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name and size as they were listed."""
        if path not in self._sizes:
            raise FileNotFoundError
        return {"name": path, "size": self._sizes[path], "type": "file"}

    def modified(self, path: str) -> datetime:  # noqa: ARG002 - of the base class
        """One time for all files."""
        return _SAME

    def open(self, path: str, mode: str = "rb", **_: Any) -> _KnownFile:  # noqa: ARG002 - of the base class
        """Open a listed file for reading."""
        return _KnownFile(self._store, path, self.info(path)["size"], self._tails.get(path, b""))


class _KnownFile:
    """A file for one reader: its last bytes from memory, what lies before them from the store."""

    def __init__(self, store: Any, path: str, size: int, tail: bytes) -> None:
        self._store, self._path, self._size, self._tail = store, path, size, tail
        self._at = 0
        self._opened: Any = None

    def seek(self, at: int) -> int:
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def read(self, number: int = -1) -> bytes:
        end = self._size if number < 0 else min(self._size, self._at + number)
        before = self._size - len(self._tail)
        if self._at >= before:
            data = self._tail[self._at - before : end - before]
        else:
            if self._opened is None:
                self._opened = self._store.open(self._path, "rb")
            self._opened.seek(self._at)
            data = self._opened.read(end - self._at)
        self._at += len(data)
        return data

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
