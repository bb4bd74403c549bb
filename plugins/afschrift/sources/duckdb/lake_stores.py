"""The store of a lake's files: a folder on a disk, or a store that fsspec knows.

DuckDB reads only the listed files of a store, without listing it again; footers come from memory.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import duckdb
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from upath import UPath

from afschrift.app.object_stores import look_anew
from afschrift.app.private_files import LOCAL

_HEAD, _TAIL = 4, 8
_OPENED = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_THREADS = 16
"""Threads that open files on a disk, which may be a network disk and slow to answer."""
_CONNECTIONS = 64
"""Simultaneous connections to an S3 store."""
_KEPT = 64 << 20
_KEPT_EACH = 64 << 10
"""Bytes to keep of the ends of a table's files while DuckDB reads their footers: in all, and of each file."""
_VERSION = ("size", "ETag", "etag", "generation", "LastModified", "last_modified", "mtime", "created")
"""Attributes of a file in a store that change when it is replaced."""


@dataclass(frozen=True)
class LakeFile:
    """A file as it was listed.

    Attributes:
        name: name by which DuckDB and the store open it.
        inside: its path below the folder of its table.
        version: changes when the file is replaced.
        unusual: why it is no regular file; empty if it is one.
    """

    name: str
    inside: str
    size: int
    version: str = ""
    unusual: str = ""


Range = tuple[str, int, int]  # name of a file, a first byte, and the one after the last


def pattern(name: str) -> str:
    """Escape the name of a file for DuckDB, which takes names on a disk for patterns."""
    return name if "://" in name else glob.escape(name)


class LakeStore(Protocol):
    """The files of a lake."""

    def top(self) -> tuple[list[str], list[LakeFile]]:
        """The folders in the root, which are tables, and the files next to them."""

    def below(self, folder: str) -> list[LakeFile]:
        """All files below a folder, at any depth, ordered by path."""

    def ends(self, files: Sequence[LakeFile]) -> list[tuple[bytes, bytes]]:
        """The first 4 and the last 8 bytes of each file."""

    def read(self, ranges: Sequence[Range]) -> list[bytes]:
        """Read parts of files."""

    def open(self, file: LakeFile) -> BinaryIO:
        """Open a file for reading."""

    def place(self, folder: str) -> str:
        """A folder's path, or its URL in a store; `open` and DuckDB take names below it."""


def lake_store(url: str, options: Mapping[str, Any], con: duckdb.DuckDBPyConnection) -> LakeStore:
    """Open the lake below a root, and let the session's DuckDB read it.

    Args:
        url: the root, as a path or as a URL that fsspec knows.
        options: options of fsspec.
        con: the session.
    """
    if url.startswith(("s3://", "s3a://")):  # with the default of ten, most requests would wait
        connections = {"max_pool_connections": _CONNECTIONS} | dict(options.get("config_kwargs") or {})
        options = {**options, "config_kwargs": connections}
    root = UPath(url, **options)
    if root.protocol in LOCAL:  # resolved, as DuckDB writes names: without links and `..` above the tables
        return _Disk(Path(root.path).resolve())
    return _Remote(root, con)


class _Disk:
    """A folder on this machine. A link to a table's folder is followed; links inside it are not."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)

    def top(self) -> tuple[list[str], list[LakeFile]]:
        with os.scandir(self._root) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        folders = [entry.name for entry in found if entry.is_dir()]
        return folders, [_on_disk(entry, entry.name) for entry in found if not entry.is_dir()]

    def below(self, folder: str) -> list[LakeFile]:
        found: list[LakeFile] = []
        to_list = [""]
        while to_list:
            at = to_list.pop()
            with os.scandir(f"{self._root}/{folder}/{at}") as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        to_list.append(f"{at}{entry.name}/")
                    else:
                        found.append(_on_disk(entry, f"{at}{entry.name}"))
        return sorted(found, key=_place)

    def ends(self, files: Sequence[LakeFile]) -> list[tuple[bytes, bytes]]:
        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(_ends, files))

    def read(self, ranges: Sequence[Range]) -> list[bytes]:
        return _parts(LocalFileSystem(), ranges)

    def open(self, file: LakeFile) -> BinaryIO:
        return Path(file.name).open("rb")

    def place(self, folder: str) -> str:
        return f"{self._root}/{folder}"


def _on_disk(entry: os.DirEntry[str], inside: str) -> LakeFile:
    status = entry.stat(follow_symlinks=False)
    unusual = "" if stat.S_ISREG(status.st_mode) else "no plain file"
    if stat.S_ISLNK(status.st_mode):
        unusual = "a link"
    version = f"{status.st_ino} {status.st_mtime_ns} {status.st_size}"
    return LakeFile(entry.path, inside, status.st_size, version, unusual)


def _place(file: LakeFile) -> list[str]:
    return file.inside.split("/")


def _ends(file: LakeFile) -> tuple[bytes, bytes]:
    descriptor = os.open(file.name, _OPENED)
    try:
        return os.pread(descriptor, _HEAD, 0), os.pread(descriptor, _TAIL, max(0, file.size - _TAIL))
    finally:
        os.close(descriptor)


def _parts(store: Any, ranges: Sequence[Range]) -> list[bytes]:
    read = store.cat_ranges(*map(list, zip(*ranges, strict=True))) if ranges else []
    if failed := next((result for result in read if isinstance(result, BaseException)), None):
        raise failed
    return [bytes(result) for result in read]


class _Remote:
    """A store of fsspec. Its cache of listings is cleared first, because others write there too."""

    def __init__(self, root: UPath, con: duckdb.DuckDBPyConnection) -> None:
        look_anew(root)
        self._fs: Any = root.fs
        self._root = str(self._fs._strip_protocol(str(root))).rstrip("/")
        self._known = KnownFiles(self._fs)
        con.register_filesystem(self._known)

    def top(self) -> tuple[list[str], list[LakeFile]]:
        found = {self._inside(info, self._root): info for info in self._fs.ls(self._root, detail=True)}
        names = sorted(name for name in found if name)
        folders = [name for name in names if found[name]["type"] == "directory"]
        return folders, [self._file(found[name], name) for name in names if name not in folders]

    def below(self, folder: str) -> list[LakeFile]:
        path = f"{self._root}/{folder}"
        self._fs.invalidate_cache(path)
        found = self._fs.find(path, detail=True).values()
        files = [self._file(info, self._inside(info, path)) for info in found if not _is_folder(info)]
        return sorted(files, key=_place)

    def ends(self, files: Sequence[LakeFile]) -> list[tuple[bytes, bytes]]:
        """Read all ends at once if the store can: request after request would take minutes."""
        kept = max(_TAIL, min(_KEPT_EACH, _KEPT // max(1, len(files))))
        ranges = [(file.name, max(0, file.size - kept), file.size) for file in files]
        ranges += [(file.name, 0, _HEAD) for file in files if file.size > kept]
        read = self.read(ranges)
        tails, heads = read[: len(files)], iter(read[len(files) :])
        self._known.know({file.name: (file.size, tail) for file, tail in zip(files, tails, strict=True)})
        return [
            (tail[:_HEAD] if file.size <= kept else next(heads), tail[-_TAIL:])
            for file, tail in zip(files, tails, strict=True)
        ]

    def read(self, ranges: Sequence[Range]) -> list[bytes]:
        return _parts(self._fs, ranges)

    def open(self, file: LakeFile) -> BinaryIO:
        return cast(BinaryIO, self._fs.open(file.name, "rb"))

    def place(self, folder: str) -> str:
        return str(self._fs.unstrip_protocol(f"{self._root}/{folder}"))

    def _file(self, info: dict[str, Any], inside: str) -> LakeFile:
        version = " ".join(str(info[word]) for word in _VERSION if word in info)
        unusual = "a link" if info.get("islink") else ""
        name = self._fs.unstrip_protocol(info["name"])
        return LakeFile(name, inside, int(info["size"] or 0), version, unusual)

    @staticmethod
    def _inside(info: dict[str, Any], folder: str) -> str:
        return str(info["name"])[len(folder) :].strip("/")


def _is_folder(info: dict[str, Any]) -> bool:
    """Whether an entry is a folder; stores without folders have empty objects with a slash at the end."""
    return info["type"] == "directory" or (info["name"].endswith("/") and not info["size"])


_SAME = datetime(2000, 1, 1, tzinfo=UTC)
"""The same time for all files, so that DuckDB's cache keeps them: a session reads the listed files."""


class KnownFiles(AbstractFileSystem):  # type: ignore[misc]
    """Comes between DuckDB and the file system of a store, and answers from memory.

    DuckDB asks file after file for its size, its time and its footer, and each would be a request to the
    store. Names are not patterns here.
    """

    cachable = False

    def __init__(self, store: Any) -> None:
        super().__init__()
        self.protocol = store.protocol
        self._store = store
        self._sizes: dict[str, int] = {}
        self._tails: dict[str, bytes] = {}

    def know(self, files: Mapping[str, tuple[int, bytes]]) -> None:
        """Add files with their sizes and last bytes; forget the last bytes of earlier files."""
        self._sizes |= {name: size for name, (size, _) in files.items()}
        self._tails = {name: tail for name, (_, tail) in files.items()}

    def unstrip_protocol(self, name: str) -> str:
        """Return the name unchanged: listed names already have their protocol."""
        return name

    def glob(self, path: str, **_: Any) -> list[str]:
        """Return the file with this name, if it was listed."""
        return [path] if path in self._sizes else []

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return name and size as listed."""
        if path not in self._sizes:
            raise FileNotFoundError
        return {"name": path, "size": self._sizes[path], "type": "file"}

    def modified(self, path: str) -> datetime:  # noqa: ARG002 - of the base class
        """Return the same time for all files."""
        return _SAME

    def open(self, path: str, mode: str = "rb", **_: Any) -> _KnownFile:  # noqa: ARG002 - of the base class
        """Open a listed file for reading."""
        return _KnownFile(self._store, path, self.info(path)["size"], self._tails.get(path, b""))


class _KnownFile:
    """An open file: its last bytes come from memory, the bytes before them from the store."""

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
