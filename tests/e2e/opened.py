"""A delivered bundle, read with the standard library alone."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.e2e import value_forms

csv.field_size_limit(10_000_000)


class Opened:
    """The files of one bundle.

    Attributes:
        path: of the bundle.
        files: path below the bundle's folder -> content.
        package: `data/datapackage.json`.
        coverage: `source.table` -> its entry in `data/coverage.json`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as archive:
            self.files = {info.filename.partition("/")[2]: archive.read(info) for info in archive.infolist()}
        self.package: dict[str, Any] = json.loads(self.files["data/datapackage.json"])
        tables = self.document("coverage")["tables"]
        self.coverage = {f"{t['source']}.{t['table']}": t for t in tables}

    @property
    def tables(self) -> dict[str, list[str]]:
        """Table -> its columns, of the tables that have a file."""
        return {
            r["afschrift:table"]: [field["name"] for field in r["schema"]["fields"]]
            for r in self.package["resources"]
            if r.get("type") == "table"
        }

    def csv(self, table: str) -> Iterator[dict[str, str | None]]:
        """Rows of the CSV file; None where the cell is the marker for NULL."""
        resource = self._resource(table, "csv")
        (marker,) = resource["schema"]["missingValues"]
        text = self.files["data/" + resource["path"]].decode("utf-8")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(reader)
        for cells in reader:
            values = [None if cell == marker else cell for cell in cells]
            yield dict(zip(header, values, strict=True))

    def json(self, table: str) -> Iterator[dict[str, Any]]:
        """Rows of the JSON file, as `value_forms.parse` reads them."""
        resource = self._resource(table, "json")
        yield from map(dict, value_forms.parse(self.files["data/" + resource["path"]]))

    def document(self, name: str) -> Any:
        """A JSON document of the bundle, such as `coverage`."""
        return json.loads(self.files[f"data/{name}.json"])

    def holds(self, text: str) -> list[str]:
        """Names of the files that hold a text, plain or as JSON writes it."""
        needles = {text.encode(), json.dumps(text)[1:-1].encode()}
        return [name for name, content in self.files.items() if any(n in content for n in needles)]

    def _resource(self, table: str, kind: str) -> dict[str, Any]:
        return next(
            r for r in self.package["resources"] if r.get("afschrift:table") == table and r["format"] == kind
        )
