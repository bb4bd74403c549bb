"""What lies in staging, by its path: which step makes a file, of which source, and of which kind it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from afschrift.domain.extracted import UPLOADS

PERSON = "keys.json"
BUNDLE = "bundle.zip"
_BESIDE = {"records": "record", "samples": "first_rows", "overviews": "overview", "pointers": "pointers"}


@dataclass(frozen=True)
class StagedFile:
    """One staged file, without its path.

    Attributes:
        step: that makes it: the first one that has to be cleared where it is lost.
        kind: `person`, `bundle`, `record`, `first_rows`, `overview`, `pointers`, `uploaded_file`, or the
            format of a table's file.
        source: None where it is of the whole request.
    """

    step: str
    kind: str
    source: str | None = None

    @property
    def task(self) -> str:
        """Name of the task of that step: each source has its own."""
        return f"{self.step}_{self.source}" if self.source else self.step


def staged_file(path: str) -> StagedFile:
    """The file at a path of staging, such as `data/shop/orders.csv`."""
    if path == PERSON:
        return StagedFile("classify", "person")
    if path == BUNDLE:
        return StagedFile("package", "bundle")
    first, *rest = PurePosixPath(path).parts
    if first in _BESIDE and rest:
        return StagedFile("extract", _BESIDE[first], PurePosixPath(rest[0]).stem)
    if rest[:1] == [UPLOADS] and len(rest) > 1:
        return StagedFile("extract", "uploaded_file", rest[1])
    return StagedFile("extract", PurePosixPath(path).suffix.lstrip("."), rest[0] if rest else None)
