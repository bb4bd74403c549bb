"""Sorts the files in a lake's folder: read, skipped by a known name or by the data map, or an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fsspec.utils import glob_translate

from afschrift.domain.errors import ConfigurationError, UnreadFilesError
from afschrift.sources.duckdb.lake_stores import LakeFile, LakeStore

_PARQUET, _ENCRYPTED = b"PAR1", b"PARE"
_AROUND_FOOTER = 12
"""Bytes of an empty Parquet file without its footer: both magic numbers, and the length of the footer."""
_COMPANIONS = (
    "_SUCCESS",
    ".*.crc",
    "_committed_*",
    "_started_*",
    "*_$folder$",
    "_metadata",
    "_common_metadata",
)
"""Files that Spark, Hadoop, Databricks and EMR write next to data; the last two hold only a footer."""
_LOGS = {"_delta_log": "Delta Lake", ".hoodie": "Hudi"}
_ICEBERG = (".metadata.json", ".metadata.json.gz")
_HIVE = re.compile(r"base_[0-9]{7}(_v[0-9]+)?|(delete_)?delta_[0-9]{7,}_[0-9]{7,}(_.+)?")
_NAMED = 5
"""Number of files that an error names."""


@dataclass(frozen=True)
class TableFiles:
    """The files of a table.

    Attributes:
        read: its Parquet files, in order.
        ignored: number of other files that the data map skips.
    """

    read: tuple[LakeFile, ...]
    ignored: int


@dataclass(frozen=True)
class FileKind:
    """Which files a source reads.

    Attributes:
        name: of their format, for errors.
        fault: why a file is not read, by its name and its first and last bytes; empty if it is.
    """

    name: str
    fault: Callable[[LakeFile, bytes, bytes], str]


def table_files(
    source: str,
    table: str,
    store: LakeStore,
    found: Sequence[LakeFile],
    patterns: Sequence[str],
    kind: FileKind,
) -> TableFiles:
    """Sort the files of a table.

    Args:
        source: name of the source.
        table: name of the table, and of its folder.
        store: the lake's store.
        found: all files in its folder, at any depth.
        patterns: patterns of the files that the data map skips, as paths below the folder.
        kind: which files are read.

    Raises:
        ConfigurationError: the folder, or one in it, belongs to a table format with a transaction log.
        UnreadFilesError: it has files that are neither of the kind nor known, nor matched by a pattern.
        OSError: something cannot be opened.
    """
    passed = re.compile("|".join(map(glob_translate, patterns)) or r"(?!)")
    counted = [file for file in found if not passed.match(file.inside)]
    _refuse_logs(source, table, (file.inside for file in found), counted)
    opened = [file for file in counted if file.size and not _unopened(file)]
    ends = dict(zip(opened, store.ends(opened), strict=True))
    faults = {file: _unopened(file) or kind.fault(file, *ends.get(file, (b"", b""))) for file in counted}
    faults = {file: fault for file, fault in faults.items() if fault}
    unread = {file: fault for file, fault in faults.items() if fault != COMPANION}
    if unread:
        raise _unread_files(f"{source}.{table}", unread, kind.name)
    return TableFiles(tuple(file for file in counted if file not in faults), len(found) - len(counted))


COMPANION = "companion"


def _unopened(file: LakeFile) -> str:
    """Why a file is not opened; empty if it is."""
    if file.unusual:
        return file.unusual
    readable = "\\" not in file.inside and not any("\ud800" <= sign <= "\udfff" for sign in file.inside)
    return "" if readable else "its name is not UTF-8, or has a backslash"


def _fault(file: LakeFile, head: bytes, tail: bytes) -> str:
    """Why a file is not read, by its name and its first and last bytes; empty if it is."""
    *folders, name = file.inside.split("/")
    parquet = file.size > _AROUND_FOOTER and head == tail[-4:] == _PARQUET
    footer_alone = parquet and file.size == _AROUND_FOOTER + int.from_bytes(tail[:4], "little")
    hidden = any(map(is_hidden, folders))
    if (not parquet or footer_alone) and not hidden and is_companion(name):
        return COMPANION
    if hidden or is_hidden(name):
        return "hidden"
    if parquet:
        return ""
    if not file.size:
        return "empty"
    if head == tail[-4:] == _ENCRYPTED:
        return "encrypted footer (PARE)"
    return "cut off or still being written" if head in (_PARQUET, _ENCRYPTED) else "of another format"


PARQUET_FILES = FileKind("Parquet", _fault)


def is_companion(name: str) -> bool:
    return any(fnmatchcase(name, known) for known in _COMPANIONS)


def is_hidden(part: str) -> bool:
    """Whether Spark and Hive would skip it: unfinished files of a job. But `_day=1` is a partition."""
    return part.startswith(("_", ".")) and "=" not in part


def _unread_files(where: str, faults: dict[LakeFile, str], kind: str) -> UnreadFilesError:
    files = [f"{printable(file.inside)} ({fault})" for file, fault in list(faults.items())[:_NAMED]]
    more = f" and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    are = "file that is" if len(faults) == 1 else "files that are"
    return UnreadFilesError(
        f"The folder of {where} holds {len(faults):,} {are} not read: {', '.join(files)}{more}.",
        remedy=f"write them completely, as plain {kind} files without a hidden name, or move them elsewhere; "
        "name what is no part of the table under `ignore` of the table in the inventory, with who decided, "
        "when and why.",
    )


def beside_folders(source: str, file: LakeFile) -> UnreadFilesError | None:
    """The error for a file next to the folders of tables; None for a companion."""
    if is_companion(file.inside):
        return None
    return UnreadFilesError(
        f"The file {printable(file.inside)} of source {source} is in no folder of a table, so it is "
        "not read.",
        remedy="move it into the folder of its table; if it holds no personal data, describe it as a "
        "table with `personal: false`.",
    )


def refuse_root(source: str, store: LakeStore, folders: Sequence[str]) -> None:
    """Refuse a root that is itself a table with a transaction log.

    Raises:
        ConfigurationError: with the name of the format.
    """
    logs = [f"{folder}/" for folder in folders if folder in _LOGS or _HIVE.fullmatch(folder)]
    if "metadata" in folders:
        logs += [f"metadata/{file.inside}" for file in store.below("metadata")]
    for inside in logs:
        for kind, table in _logs_of(inside):
            if not table:
                raise _logged_table(source, kind, "of the root itself")


def _refuse_logs(source: str, table: str, found: Iterable[str], counted: Sequence[LakeFile]) -> None:
    """Refuse tables with a transaction log: the files alone still hold rows that the log says are deleted.

    A table that the data map skips completely is not refused.
    """
    logs = {log: None for inside in found for log in _logs_of(f"{table}/{inside}")}
    for kind, below in logs:
        if any(f"{table}/{file.inside}".startswith(f"{below}/") for file in counted):
            raise _logged_table(source, kind, printable(below))


def _logged_table(source: str, kind: str, folder: str) -> ConfigurationError:
    return ConfigurationError(
        f"The folder {folder} of source {source} is a table of {kind}: its log says which rows are valid, "
        "and its files also hold rows that were deleted or replaced.",
        remedy="export its current rows to plain Parquet files outside this folder, or read it with an "
        "engine that knows its log (`kind: sqlalchemy`); set `personal: false` if it holds no "
        "personal data.",
    )


def _logs_of(path: str) -> Iterator[tuple[str, str]]:
    """Format and folder of each table with a transaction log that a path shows."""
    parts = path.split("/")
    for at, part in enumerate(parts[:-1]):
        above = "/".join(parts[:at])
        if part in _LOGS:
            yield _LOGS[part], above
        elif part == "metadata" and at == len(parts) - 2 and parts[-1].endswith(_ICEBERG):
            yield "Iceberg", above
        elif _HIVE.fullmatch(part):
            yield "Hive with transactions", above


def printable(inside: str) -> str:
    """Make a path printable for messages, without the values of Hive partitions, which are data."""
    *folders, name = inside.split("/")
    path = "/".join([*(f"{part.split('=')[0]}=*" if "=" in part else part for part in folders), name])
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in path)
