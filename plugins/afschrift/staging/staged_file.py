"""What a staged file is, by its path: the step that writes it, its source and its kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from afschrift.domain.extracted import UPLOADS

PERSON = "keys.json"
BUNDLE = "bundle.zip"
_TO_SEND = "to_send"
_BESIDE = {"records": "record", "samples": "first_rows", "overviews": "overview", "pointers": "pointers"}


@dataclass(frozen=True)
class StagedFile:
    """A staged file, without its path.

    Attributes:
        step: the step that writes it: the first one to clear if the file is lost.
        kind: `person`, `bundle`, `encrypted`, `record`, `first_rows`, `overview`, `pointers`,
            `uploaded_file`, or the format of a table's file.
        source: None if the file belongs to the whole request.
    """

    step: str
    kind: str
    source: str | None = None

    @property
    def task(self) -> str:
        """Id of the Airflow task of that step: each source has its own."""
        return f"{self.step}_{self.source}" if self.source else self.step


def sent_path(delivery: str, sha256: str) -> str:
    """Path of the note that a delivery was about to give a file of this digest its name.

    One a file, so that of two tries none takes the other's away.
    """
    return f"{_TO_SEND}/{delivery}/{sha256}"


def describe_path(path: str) -> StagedFile:
    """Return what the file at a path such as `data/shop/orders.csv` is."""
    if path == PERSON:
        return StagedFile("classify", "person")
    if path == BUNDLE:
        return StagedFile("package", "bundle")
    first, *rest = PurePosixPath(path).parts
    if first == _TO_SEND:
        return StagedFile("deliver", "encrypted")
    if first in _BESIDE and rest:
        return StagedFile("extract", _BESIDE[first], PurePosixPath(rest[0]).stem)
    if rest[:1] == [UPLOADS] and len(rest) > 1:
        return StagedFile("extract", "uploaded_file", rest[1])
    return StagedFile("extract", PurePosixPath(path).suffix.lstrip("."), rest[0] if rest else None)
