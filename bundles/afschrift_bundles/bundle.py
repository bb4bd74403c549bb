"""A bundle, verified and opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
import pyarrow as pa

from afschrift_bundles.archive import Archive, UnpackedBundle, ZippedBundle
from afschrift_bundles.columns import to_frame
from afschrift_bundles.errors import UnusableBundleError
from afschrift_bundles.locked import unlocked
from afschrift_bundles.tables import FORMATS, TableReader
from afschrift_bundles.verify import Key, Verified, verify

if TYPE_CHECKING:
    import duckdb

_FILE_KEYS = {"source": "afschrift:source", "table": "afschrift:table", "media_type": "mediatype"}
_KEYS = (
    "kind",
    "unit",
    "unitFrom",
    "timeZone",
    "origin",
    "category",
    "codes",
    "masked",
    "redacted",
    "notes",
)


def open_bundle(
    path: str | Path,
    key: Key | None = None,
    *,
    words: str | None = None,
    identity: str | Path | None = None,
) -> Bundle:
    """Verify a bundle and open it.

    Args:
        path: the ZIP file, encrypted or not, or the folder that it was unpacked into.
        key: public key of the organisation: a PEM file, its text, or the raw key in base64. Without it the
            bundle can be found whole, and its signer stays unknown.
        words: the six words that open an encrypted file.
        identity: file with the private key of age that opens one.

    Raises:
        UnusableBundleError: it is not whole, not of this signer, or not opened by these words.
    """
    at = Path(path)
    if not at.exists():
        raise UnusableBundleError("not_found", f"There is nothing at {at}.")
    with ExitStack() as opened:
        file = None if at.is_dir() else opened.enter_context(unlocked(at, words, identity))
        archive: Archive = ZippedBundle(file) if file else UnpackedBundle(at)
        bundle = Bundle(archive, verify(archive, key))
        opened.pop_all()  # it is closed with the bundle
    return bundle


class Bundle:
    """The tables and files of a verified bundle.

    Attributes:
        package: `data/datapackage.json`.
        coverage: `data/coverage.json`: what was searched, and what is not in the bundle.
        labels: `bag-info.txt`.
    """

    def __init__(self, archive: Archive, verified: Verified) -> None:
        self._archive = archive
        self.labels, self.package, self.coverage = verified.labels, verified.package, verified.coverage
        self._signer = verified.signer
        resources: dict[str, list[dict[str, Any]]] = {}
        for resource in self.package["resources"]:
            if "schema" in resource and resource["format"] in FORMATS:
                name = f"{resource['afschrift:source']}.{resource['afschrift:table']}"
                resources.setdefault(name, []).append(resource)
        self._tables = {name: TableReader(archive, of_table) for name, of_table in resources.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        right, request = self.labels["Afschrift-Right"], self.labels["External-Identifier"]
        return f"<Bundle {request} ({right}): {len(self._tables)} tables; {self.verdict}>"

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    @property
    def verdict(self) -> str:
        """What was found when it was opened."""
        return f"whole, signed by key {self._signer}" if self._signer else "whole, signer unknown"

    @property
    def time_zone(self) -> str:
        """Of the organisation, such as `Europe/Amsterdam`; instants are in UTC."""
        return str(self.package.get("afschrift:timeZone", "UTC"))

    @property
    def tables(self) -> pd.DataFrame:
        """Its tables by name, with title, description, rows, columns and formats."""
        columns = ["title", "description", "rows", "columns", "formats"]
        rows = {
            name: (*_texts(table.parts[0]), table.rows, len(table.fields), ", ".join(table.formats))
            for name, table in self._tables.items()
        }
        return pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("table")

    def frame(self, name: str, *, labels: bool = False) -> pd.DataFrame:
        """A table as a frame.

        Args:
            name: such as `shop.orders`; `orders` where one source alone has such a table.
            labels: codes by their meaning instead of their value.

        Raises:
            UnusableBundleError: there is no such table, or no memory for the whole of it.
        """
        try:
            return to_frame(self.table(name), self._table(name).fields, labels=labels)
        except MemoryError:
            message = f"There is no memory for the whole of {name}. Read it in parts: chunks({name!r})."
            raise UnusableBundleError("too_large", message) from None

    def chunks(self, name: str, rows: int = 100_000, *, labels: bool = False) -> Iterator[pd.DataFrame]:
        """A table that memory cannot hold, in frames of so many rows at most, all with the same types."""
        reader = self._table(name)
        first = 0
        for batch in _resized(reader, rows):
            frame = to_frame(batch, reader.fields, labels=labels)
            frame.index = pd.RangeIndex(first, first + len(frame))
            first += len(frame)
            yield frame

    def table(self, name: str) -> pa.Table:
        """A table of Arrow."""
        reader = self._table(name)
        return pa.Table.from_batches(reader.batches(), schema=reader.schema)

    def reader(self, name: str) -> pa.RecordBatchReader:
        """A table of Arrow, batch by batch."""
        reader = self._table(name)
        return pa.RecordBatchReader.from_batches(reader.schema, reader.batches())

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """A database in memory with every table, its keys and its titles as comments."""
        from afschrift_bundles.database import load

        return load(self, {name: reader.parts[0] for name, reader in self._tables.items()})

    def files(self) -> pd.DataFrame:
        """The uploaded files, and those that staff found, by path; `file(path)` gives the bytes.

        `row` is the label of the file's row in the frame of its table.
        """
        rows = []
        for resource in self.package["resources"]:
            described = resource.get("afschrift:file", resource.get("afschrift:given"))
            if described is not None:
                facts = {name: resource.get(key) for name, key in _FILE_KEYS.items()}
                facts |= {key: resource[key] for key in ("path", "bytes")}
                facts |= {key: described.get(key) for key in ("column", "name")}
                facts["row"] = described["row"] - 1 if "row" in described else None
                rows.append(facts | {"active": "afschrift:active" in resource})
        columns = ["path", *_FILE_KEYS, "column", "row", "name", "bytes", "active"]
        return pd.DataFrame(rows, columns=columns).astype({"row": "Int64"}).set_index("path")

    def file(self, path: str) -> bytes:
        """The bytes of a file in `data/`, by the path that `files()` has."""
        with suppress(KeyError), self._archive.open(f"data/{path}") as stream:
            return stream.read()
        raise UnusableBundleError("not_found", f"The bundle has no file {path}. See files().")

    def left_out(self) -> pd.DataFrame:
        """What is not in the bundle, or only in part, with the reason as a code (docs/bundle.md).

        A column without a name is the whole table.
        """
        rows: list[tuple[Any, ...]] = []
        for entry in self.coverage["tables"]:
            name = f"{entry['source']}.{entry['table']}"
            if entry["status"] != "rows":
                rows.append((name, None, entry["status"], ", ".join(entry.get("reasons", ()))))
            rows += [(name, out["column"], out["action"], out["reason"]) for out in entry.get("leftOut", ())]
        for name, reader in self._tables.items():
            for field in reader.fields:
                changed = [key for key in ("masked", "redacted") if f"afschrift:{key}" in field]
                rows += [(name, field["name"], key, str(field[f"afschrift:{key}"])) for key in changed]
        return pd.DataFrame(rows, columns=["table", "column", "status", "reason"])

    def fields(self, name: str | None = None, *, language: str | None = None) -> pd.DataFrame:
        """Every field with its meaning, unit, origin and codes, by field, or by table and field.

        Args:
            name: of a table.
            language: of titles and descriptions, such as `nl`; the person's where nothing is said.
        """
        rows = []
        for table, reader in self._tables.items() if name is None else [(name, self._table(name))]:
            for field in reader.fields:
                facts = {key: field.get(f"afschrift:{key}", "") for key in _KEYS}
                title, description = _texts(field, language)
                facts |= {"table": table, "field": field["name"], "title": title, "description": description}
                rows.append(facts)
        columns = ["table", "field", "title", "description", *_KEYS]
        return pd.DataFrame(rows, columns=columns).set_index(["table", "field"] if name is None else "field")

    def _table(self, name: str) -> TableReader:
        if name in self._tables:
            return self._tables[name]
        found = [full for full in self._tables if full.partition(".")[2] == name]
        if len(found) == 1:
            return self._tables[found[0]]
        raise UnusableBundleError("not_found", f"{self._missing(name)} See tables.")

    def _missing(self, name: str) -> str:
        for entry in self.coverage["tables"]:
            if name in (f"{entry['source']}.{entry['table']}", entry["table"]) and entry["status"] != "rows":
                return f"The bundle has no rows of {name}: its status in coverage.json is {entry['status']}."
        close = get_close_matches(name, self._tables, n=3) or [
            n for n in self._tables if n.endswith(f".{name}")
        ]
        return f"The bundle has no table {name}." + (f" Is it {' or '.join(close)}?" if close else "")


def _texts(described: dict[str, Any], language: str | None = None) -> tuple[str, str]:
    """Title and description of a table or a field."""
    descriptions = described.get("afschrift:meanings", described.get("afschrift:descriptions", {}))
    return (
        described.get("afschrift:titles", {}).get(language, described.get("title", "")),
        descriptions.get(language, described.get("description", "")),
    )


def _resized(reader: TableReader, rows: int) -> Iterator[pa.Table]:
    if rows < 1:
        raise ValueError("A frame needs at least one row.")
    waiting, count = list[pa.RecordBatch](), 0
    for batch in reader.batches():
        while count + batch.num_rows >= rows:
            yield pa.Table.from_batches([*waiting, batch.slice(0, rows - count)])
            batch = batch.slice(rows - count)
            waiting, count = [], 0
        waiting, count = [*waiting, batch], count + batch.num_rows
    if count or not reader.rows:
        yield pa.Table.from_batches(waiting, reader.schema)
