"""Looks for values in whatever a run left behind, in the forms and places in which bytes can hide them.

`search(folder, needles)` reads every file below a folder as bytes, opens archives, compressed data, Parquet
files and databases, and looks for each needle as text in several encodings.
"""

import bz2
import contextlib
import gzip
import io
import lzma
import shutil
import sqlite3
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from afschrift.canary.leaks import forms

_DEPTH = 4


@dataclass(frozen=True)
class Hit:
    """Where a needle was found.

    Attributes:
        place: file, then what was opened in it, for example `a.zip!b.csv`.
        needle: its name, not its value.
        form: for example `utf-16-le`.
    """

    place: str
    needle: str
    form: str


def search(folder: Path, needles: Mapping[str, str], skip: frozenset[Path] = frozenset()) -> list[Hit]:
    """All hits below a folder, names of files among them.

    Args:
        folder: searched whole.
        needles: name -> value. A value of eight characters or more is not found by chance.
        skip: files that may hold the values.
    """
    patterns = [
        (name, form, pattern) for name, value in needles.items() for form, pattern in forms(value).items()
    ]
    hits = []
    for path in sorted(folder.rglob("*")):
        place = str(path.relative_to(folder))
        contents = [("", place.encode())]
        if path.is_file() and path not in skip:
            contents += _opened(path.read_bytes(), path, _DEPTH)
        for inner, content in contents:
            hits += [Hit(place + inner, name, form) for name, form, p in patterns if p in content]
    return hits


def _opened(content: bytes, path: Path | None, depth: int) -> Iterator[tuple[str, bytes]]:
    """Content as it is, and everything that can be opened in it."""
    yield "", content
    if depth == 0:
        return
    for name, inner in _unpacked(content, path):
        for further, found in _opened(inner, None, depth - 1):
            yield f"!{name}{further}", found


def _unpacked(content: bytes, path: Path | None) -> Iterator[tuple[str, bytes]]:
    if content.startswith(b"PAR1"):
        table = pq.read_table(io.BytesIO(content))
        yield from _values("column", (value for column in table.columns for value in column.to_pylist()))
    elif content.startswith(b"SQLite format 3\0"):
        yield from _values("row", _sqlite(content, path))
    elif content[8:12] == b"DUCK":
        yield from _values("row", _duckdb(content, path))
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for info in archive.infolist():
                yield info.filename, info.filename.encode() + info.comment
                if not info.flag_bits & 1:  # what is encrypted was searched as it lies
                    yield info.filename, archive.read(info)
    elif (plain := _decompressed(content)) is not None:
        yield "plain", plain
    else:
        with (
            contextlib.suppress(tarfile.TarError, EOFError),
            tarfile.open(fileobj=io.BytesIO(content)) as tar,
        ):
            for member in tar:
                yield member.name, member.name.encode()
                stream = tar.extractfile(member)
                if stream is not None:
                    yield member.name, stream.read()


def _decompressed(content: bytes) -> bytes | None:
    for begins, opened in (
        (b"\x1f\x8b", gzip.decompress),
        (b"BZh", bz2.decompress),
        (b"\xfd7zXZ\x00", lzma.decompress),
        (b"\x78", zlib.decompress),
    ):
        if content.startswith(begins):
            with contextlib.suppress(OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
                return opened(content)
    return None


def _values(name: str, values: Iterator[Any]) -> Iterator[tuple[str, bytes]]:
    """Texts together, binary one by one because it may be compressed."""
    texts = []
    for value in values:
        for leaf in _leaves(value):
            if isinstance(leaf, bytes):
                yield name, leaf
            elif leaf is not None:
                texts.append(str(leaf))
    yield name, "\n".join(texts).encode("utf-8", "surrogatepass")


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        for member in value:
            yield from _leaves(member)
    else:
        yield value


def _sqlite(content: bytes, path: Path | None) -> Iterator[Any]:
    """Every value of every table, with what is in the write-ahead log next to the file."""
    with _copied(content, path) as copy, contextlib.closing(sqlite3.connect(copy)) as con:
        con.text_factory = bytes
        tables = con.execute("SELECT CAST(name AS BLOB) FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            name = table.decode().replace('"', '""')
            for row in con.execute(f'SELECT * FROM "{name}"'):
                yield from row


def _duckdb(content: bytes, path: Path | None) -> Iterator[Any]:
    with _copied(content, path) as copy, duckdb.connect(str(copy)) as con:
        for database, schema, table in con.execute(
            "SELECT database_name, schema_name, table_name FROM duckdb_tables()"
        ).fetchall():
            yield from con.table(f'"{database}"."{schema}"."{table}"').fetchall()


@contextlib.contextmanager
def _copied(content: bytes, path: Path | None) -> Iterator[Path]:
    """The database in a folder of its own, so that opening it changes nothing of what is searched."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "database"
        copy.write_bytes(content)
        for suffix in ("-wal", ".wal"):
            log = Path(f"{path}{suffix}")
            if path is not None and log.is_file():
                shutil.copy(log, f"{copy}{suffix}")
        yield copy
