"""Reads a bundle, packed or unpacked, by its `data/datapackage.json` alone."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

csv.field_size_limit(2**31 - 1)

Cell = Any
Row = tuple[Cell, ...]


class Table:
    """One table of the package in one format; a large one is in several resources, one after the other."""

    def __init__(self, resource: dict[str, Any]) -> None:
        self.parts = [resource]
        self.resource = resource["name"]
        self.format = resource["format"]
        self.name = f"{resource['afschrift:source']}_{resource['afschrift:table']}"
        self.schema = resource["schema"]
        self.fields = self.schema["fields"]

    def add(self, resource: dict[str, Any]) -> None:
        """One part more."""
        self.parts.append(resource)


class Package:
    """The tables and files of a bundle.

    Args:
        path: the ZIP file, or the folder that it was unpacked into.
    """

    def __init__(self, path: Path) -> None:
        self._zip = None if path.is_dir() else zipfile.ZipFile(path)
        if self._zip is None:
            self._root = path if (path / "data").is_dir() else next(p for p in path.iterdir() if p.is_dir())
        else:
            self._prefix = self._zip.namelist()[0].split("/")[0]
        with self._open("datapackage.json") as stream:
            self.description = json.load(stream)

    def tables(self, format_: str) -> list[Table]:
        """The tables in a format, as the package lists them."""
        found: dict[str, Table] = {}
        for resource in self.description["resources"]:
            if resource.get("format") == format_ and "schema" in resource:
                place = f"{resource['afschrift:source']}.{resource['afschrift:table']}"
                if place in found:
                    found[place].add(resource)
                else:
                    found[place] = Table(resource)
        return list(found.values())

    def files(self) -> list[dict[str, Any]]:
        """The files that the person had uploaded, each with the row that it belongs to."""
        return [r for r in self.description["resources"] if "afschrift:file" in r]

    def read(self, resource: dict[str, Any]) -> bytes:
        """A file, whole."""
        with self._checked(resource) as stream:
            return stream.read()

    def rows(self, table: Table) -> Iterator[Row]:
        """The rows of a table in their order: texts and None of a CSV, values of JSON."""
        for resource in table.parts:
            with self._checked(resource) as stream:
                text = io.TextIOWrapper(stream, encoding=resource["encoding"], newline="")
                yield from _csv(text, resource) if resource["format"] == "csv" else _json(text, resource)

    @contextmanager
    def _open(self, path: str) -> Iterator[BinaryIO]:
        if self._zip is None:
            with (self._root / "data" / path).open("rb") as stream:
                yield stream
        else:
            with self._zip.open(f"{self._prefix}/data/{path}") as stream:
                yield stream  # type: ignore[misc]

    @contextmanager
    def _checked(self, resource: dict[str, Any]) -> Iterator[BinaryIO]:
        """Open a file after its digest was found to be the one that the package tells."""
        with self._open(resource["path"]) as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if resource["hash"] != f"sha256:{found}":
            sys.exit(f"{resource['path']} is not the file that the package describes.")
        with self._open(resource["path"]) as stream:
            yield stream


def _csv(text: io.TextIOWrapper, resource: dict[str, Any]) -> Iterator[Row]:
    dialect, missing = resource["dialect"], set(resource["schema"]["missingValues"])
    rows = csv.reader(
        text,
        delimiter=dialect["delimiter"],
        quotechar=dialect["quoteChar"],
        doublequote=dialect["doubleQuote"],
        strict=True,
    )
    if dialect["header"]:
        next(rows)
    for row in rows:
        yield tuple(None if cell in missing else cell for cell in row)


def _json(text: io.TextIOWrapper, resource: dict[str, Any]) -> Iterator[Row]:
    names = [field["name"] for field in resource["schema"]["fields"]]
    lines = json.load(text) if resource["format"] == "json" else map(json.loads, text)
    for row in lines:
        yield tuple(row[name] for name in names)
