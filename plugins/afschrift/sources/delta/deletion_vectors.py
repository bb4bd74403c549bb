"""Deletion vectors of Delta Lake, by the log itself: deltalake 1.6 reads those of all files, and not of many.

Source: "Deletion Vectors", "Checkpoints" and "Action Reconciliation" of the Delta Transaction Log Protocol.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any
from urllib.parse import unquote
from uuid import UUID
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pyroaring import BitMap64

from afschrift.domain.errors import ConfigurationError
from afschrift.sources.duckdb.lake_stores import LakeFile, LakeStore
from afschrift.sources.lakehouse.log_table import FILE, NUMBER, Files

_CHECKPOINT = re.compile(
    r"([0-9]{20})\.checkpoint(\.[0-9]{10}\.([0-9]{10})|\.[0-9a-f-]{36})?\.(parquet|json)"
)
_COLUMNS = ["add.path", "add.deletionVector", "sidecar.path"]
_MAGIC = (1681511377).to_bytes(4, "little")
_WORD, _NAME = 4, 20
# the same digits as the log writes them and as Python reads them
Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
BASE85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"


class DeletionVectors:
    """Those of a version's files; the log is read when they are asked for.

    Args:
        where: `source.table`, for errors.
        store: the store of its files.
        table: its folder there.
        version: of the log.
    """

    def __init__(self, where: str, store: LakeStore, table: str, version: int) -> None:
        self._where, self._store, self._table, self._version = where, store, table, version

    def rows(self, files: Files) -> pa.Table:
        """Places of the deleted rows of some files.

        Raises:
            ConfigurationError: the log does not have a file, or not the vector that it names.
            FileNotFoundError: a file of the log or one with vectors is gone.
        """
        if any(file.inside not in self._of_files for file in files):
            raise self._unreadable("its log lacks a file")
        found = {file.name: of for file in files if (of := self._of_files[file.inside])}
        outside = {name: self._place(of) for name, of in found.items() if of["storageType"] != "i"}
        stored = dict(zip(outside, self._store.read(list(outside.values())), strict=True))
        vectors = [self._numbers(of, stored.get(name)) for name, of in found.items()]
        of_rows = np.repeat(np.arange(len(found)), [len(numbers) for numbers in vectors])
        names = pa.array(found, pa.string()).take(pa.array(of_rows))
        return pa.table({FILE: names, NUMBER: np.concatenate([np.empty(0, np.int64), *vectors])})

    def _place(self, of: dict[str, Any]) -> tuple[str, int, int]:
        if of["storageType"] != "u":
            raise self._unreadable("its place is outside the table's folder (a shallow clone)")
        folder, name = of["pathOrInlineDv"][:-_NAME], UUID(bytes=_bytes_of(of["pathOrInlineDv"][-_NAME:]))
        path = f"{self._table}/{folder}".rstrip("/")
        begin = of.get("offset") or 1
        end = begin + of["sizeInBytes"] + 2 * _WORD
        return f"{self._store.place(path)}/deletion_vector_{name}.bin", begin, end

    def _numbers(self, of: dict[str, Any], stored: bytes | None) -> npt.NDArray[np.int64]:
        """Numbers of the deleted rows; a file has their size before them and a checksum after them."""
        if stored is None:
            content = _bytes_of(of["pathOrInlineDv"])[: of["sizeInBytes"]]
        else:
            content = stored[_WORD:-_WORD]
            if stored != of["sizeInBytes"].to_bytes(_WORD) + content + crc32(content).to_bytes(_WORD):
                raise self._unreadable("its checksum differs")
        try:
            rows = BitMap64.deserialize(content[content.index(_MAGIC) + _WORD :])
        except ValueError:
            raise self._unreadable("its form is not known") from None
        if len(rows) != of["cardinality"]:
            raise self._unreadable("it has other rows than the log says")
        return np.array(rows.to_array(), np.int64)

    def _unreadable(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"A deletion vector of {self._where} cannot be read: {why}.",
            remedy="let the engine that writes the table write its data files again (REORG).",
        )

    @cached_property
    def _of_files(self) -> dict[str, dict[str, Any] | None]:
        """Path -> vector, by its newest action: of the commits since the last checkpoint, or of that."""
        log = {file.inside: file for file in self._store.below(f"{self._table}/_delta_log")}
        parts: dict[tuple[int, int, str], list[str]] = {}
        for name in log:
            if (of := _CHECKPOINT.fullmatch(name)) and int(of[1]) <= self._version:
                parts.setdefault((int(of[1]), int(of[3] or 1), of[3] or name), []).append(name)
        complete = [(version, names) for (version, most, _), names in parts.items() if len(names) == most]
        last, checkpoint = max(complete, default=(-1, []))
        found: dict[str, dict[str, Any] | None] = {}
        for name in (*(f"{number:020}.json" for number in range(self._version, last, -1)), *checkpoint):
            for add in self._adds(log, name):
                found.setdefault(unquote(add["path"]), add.get("deletionVector"))
        return found

    def _adds(self, log: dict[str, LakeFile], name: str) -> Iterator[dict[str, Any]]:
        if (file := log.get(name)) is None:
            raise FileNotFoundError
        with self._store.open(file) as stream:
            if name.endswith(".json"):
                actions: Iterable[Any] = map(msgspec.json.decode, filter(bytes.strip, stream))
            else:
                batches = pq.ParquetFile(stream).iter_batches(columns=_COLUMNS)
                actions = chain.from_iterable(batch.to_pylist() for batch in batches)
            for action in actions:
                if add := action.get("add"):
                    yield add
                if sidecar := action.get("sidecar"):
                    yield from self._adds(log, "_sidecars/" + unquote(sidecar["path"]).rpartition("/")[2])


def _bytes_of(text: str) -> bytes:
    return base64.b85decode(text.encode().translate(bytes.maketrans(Z85, BASE85)))
