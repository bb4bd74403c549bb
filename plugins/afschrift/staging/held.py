"""What lies in staging and for how long: for the sweep that destroys what nobody comes back for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from upath import UPath

from afschrift.core.request import is_id


@dataclass(frozen=True)
class Held:
    """Staged files of one request.

    Attributes:
        touched: time of the newest file, UTC.
        bytes: encrypted size of all files.
    """

    request: str
    touched: datetime
    bytes: int


def held(root: UPath | Path, older_than: datetime) -> tuple[Held, ...]:
    """Requests whose newest staged file is older than a moment, oldest first; other folders do not count."""
    found = []
    base = UPath(root)
    for folder in base.iterdir() if base.exists() else ():
        if not is_id(folder.name):
            continue
        files = [file for file in folder.rglob("*") if file.is_file()]
        if not files:
            continue
        # The file system's own call: `stat` has no time on some object stores.
        touched = max(file.fs.modified(file.path) for file in files)
        if touched < older_than:
            found.append(Held(folder.name, touched, sum(file.stat().st_size for file in files)))
    return tuple(sorted(found, key=lambda h: h.touched))
