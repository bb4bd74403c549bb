"""Checks whether the description and the coverage of a bundle agree with its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from afschrift.bundle.container import layout
from afschrift.bundle.container.report import BundleProblem, Flaw, problem

T = TypeVar("T")


class Resource(msgspec.Struct, frozen=True):
    """The checked properties of a resource of `datapackage.json`."""

    path: str
    hash: str
    format: str
    bytes: int | None = None
    uncounted: int | None = msgspec.field(name="afschrift:bytes", default=None)
    dialect: dict[str, Any] | None = None
    source: str = msgspec.field(name="afschrift:source", default="")
    table: str = msgspec.field(name="afschrift:table", default="")
    rows: int | None = msgspec.field(name="afschrift:rows", default=None)
    file: dict[str, Any] | None = msgspec.field(name="afschrift:file", default=None)
    given: dict[str, Any] | None = msgspec.field(name="afschrift:given", default=None)


class Package(msgspec.Struct, frozen=True):
    """The checked properties of `datapackage.json`."""

    name: str
    resources: list[Resource]


class CoveredFiles(msgspec.Struct, frozen=True):
    """The checked properties of a table's uploaded files in `coverage.json`."""

    held: int


class CoveredTable(msgspec.Struct, frozen=True):
    """The checked properties of a table in `coverage.json`."""

    source: str
    table: str
    status: str
    rows: int = 0
    files: CoveredFiles | None = None


class CoveredManualSource(msgspec.Struct, frozen=True):
    """The checked properties of a system that a person searched, in `coverage.json`."""

    source: str
    files: int = 0


class Coverage(msgspec.Struct, frozen=True):
    """The checked properties of `coverage.json`."""

    tables: list[CoveredTable]
    searched: list[CoveredManualSource] = []


def read(content: bytes, kind: type[T]) -> T:
    """Parse a document of the bundle.

    Raises:
        ValueError: it is no JSON, or malformed.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def check_description(
    package: Package, digests: Mapping[str, str], sizes: Mapping[str, int]
) -> Iterator[BundleProblem]:
    """Check that every file is described, with the size and digest in the manifest.

    Args:
        package: the descriptor.
        digests: payload path -> SHA-256 of the manifest.
        sizes: payload path -> bytes.
    """
    described = {layout.DATAPACKAGE}
    for resource in package.resources:
        path = layout.DATA + resource.path
        known = (f"sha256:{digests.get(path)}", sizes.get(path))
        size = resource.uncounted if resource.bytes is None else resource.bytes
        if path in described or (resource.hash, size) != known:
            yield problem(Flaw.DESCRIPTION_DIFFERS, path)
        described.add(path)
    for path in digests:
        if path not in described:
            yield problem(Flaw.DESCRIPTION_DIFFERS, path)


def check_rows(package: Package, coverage: Coverage, counted: Mapping[str, int]) -> Iterator[BundleProblem]:
    """Check that coverage, description and CSV files have the same numbers of rows.

    Args:
        package: the descriptor.
        coverage: the coverage.
        counted: payload path of a CSV file -> number of its records, without the header.
    """
    covered = {(t.source, t.table): t.rows for t in coverage.tables if t.status == "rows"}
    described: dict[tuple[str, str, str], int] = {}
    last: dict[tuple[str, str, str], str] = {}
    for resource in package.resources:
        if resource.rows is None:
            continue
        path = layout.DATA + resource.path
        if counted.get(path, resource.rows) != resource.rows:
            yield problem(Flaw.ROWS_DIFFER, path)
        key = (resource.source, resource.table, resource.format)
        described[key] = described.get(key, 0) + resource.rows  # a large table has several parts
        last[key] = path
    for (source, table, format_), rows in described.items():
        if rows != covered.get((source, table)):
            yield problem(Flaw.ROWS_DIFFER, last[source, table, format_])
    for source, table in covered.keys() - {key[:2] for key in described}:
        yield problem(Flaw.ROWS_DIFFER, f"{source}.{table}")


def check_files(package: Package, coverage: Coverage) -> Iterator[BundleProblem]:
    """Check that coverage and description have the same number of uploaded files, table by table.

    The same holds for the files found in each system that a person searched; these have no table.
    """
    covered = {(t.source, t.table): t.files.held for t in coverage.tables if t.files and t.files.held}
    covered |= {(s.source, ""): s.files for s in coverage.searched if s.files}
    described: dict[tuple[str, str], int] = {}
    for resource in package.resources:
        if resource.file is not None or resource.given is not None:
            key = (resource.source, resource.table)
            described[key] = described.get(key, 0) + 1
    for source, table in sorted(covered.keys() | described.keys()):
        if covered.get((source, table)) != described.get((source, table)):
            yield problem(Flaw.FILES_DIFFER, f"{source}.{table}".rstrip("."))


class CsvCounter:
    """Counts the records of a CSV file (RFC 4180) while its bytes pass."""

    def __init__(self) -> None:
        self._quoted = False
        self._lines = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; a line end counts only outside quotes."""
        for piece in chunk.split(b'"'):
            if not self._quoted:
                self._lines += piece.count(b"\n")
            self._quoted = not self._quoted
        # The last piece ends without a quotation mark.
        self._quoted = not self._quoted

    @property
    def records(self) -> int:
        """Records after the header."""
        return self._lines - 1
