"""What the finder pointed out, as it lies in staging. Whoever reads it looks through no text."""

from __future__ import annotations

import msgspec

from afschrift.domain.pointer import TablePointers
from afschrift.staging.encrypted import EncryptedStaging


def staged_pointers(staging: EncryptedStaging, source: str) -> dict[str, TablePointers]:
    """Table -> what was pointed out in it; empty where nothing was.

    Raises:
        StagedFileError: it is gone or damaged; nothing may take that for nothing pointed out.
    """
    with staging.reader(pointers_path(source)) as stream:
        return msgspec.json.decode(stream.read(), type=dict[str, TablePointers])


def pointers_path(source: str) -> str:
    """Where it lies what was pointed out in a source."""
    return f"pointers/{source}.json"
