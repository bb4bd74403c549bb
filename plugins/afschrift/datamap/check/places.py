"""Where a finding stands in the files of the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from afschrift.datamap.check.finding import Code, Finding, Severity
from afschrift.datamap.review.map_files import read_files
from afschrift.inventory.base import is_layer
from afschrift.inventory.document import Document
from afschrift.inventory.faults import Fault
from afschrift.inventory.layers import layered
from afschrift.inventory.load import SINGLES


@dataclass(frozen=True)
class FilePlace:
    """A line of a file; the first is 1."""

    file: Path
    line: int


class FindingLines:
    """Finds the line of each finding.

    Args:
        folder: of the inventory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _documents(self) -> dict[str, Document]:
        files = read_files(self._folder)
        paths = [path for path in files if path.name not in SINGLES and not is_layer(path)]
        read = [layered(path, files).document for path in paths]
        return {str(one.data.get("source")): one for one in read if isinstance(one.data, dict)}

    def of(self, finding: Finding) -> FilePlace | None:
        """The entry of the column, else of the table, else the file; None: no file describes the source."""
        document = self._documents.get(finding.source)
        if document is None:
            return None
        where = ["tables", finding.table, "columns", finding.column]
        fault = document.fault(where[: 4 if finding.column else 2], "")
        return FilePlace(self._folder / fault.file, fault.line)

    def written(self, source: str, table: str, column: str) -> list[str]:
        """Each file and line with words of a column, the hand-written one first."""
        document = self._documents.get(source)
        return list(document.places(("tables", table, "columns", column))) if document else []


def of_faults(faults: Sequence[Fault], folder: Path) -> list[tuple[Finding, FilePlace]]:
    """The faults of an inventory as findings, each with its line."""
    remedy = "mend the file; docs/inventory.md explains every word"
    return [
        (
            Finding(Code.FAULT, "", "", "", str(fault), remedy, Severity.ERROR),
            FilePlace(folder / fault.file, fault.line),
        )
        for fault in faults
    ]
