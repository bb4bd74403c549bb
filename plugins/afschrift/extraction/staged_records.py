"""What `extract` notes of a source beside its files: what was written, first rows, what was seen of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec

from afschrift.domain.extracted import Overview, SourceExtract
from afschrift.domain.redaction import TablePointers
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.values.table_profiler import Rows

T = TypeVar("T")


def is_staged(staging: EncryptedStaging, source: str) -> bool:
    """Whether a source was extracted, and what was staged of it is still there."""
    return staging.exists(record_path(source))


def stage_record(staging: EncryptedStaging, record: SourceExtract) -> None:
    """Note what was written of a source; the last thing that an extract stages."""
    _write(staging, record_path(record.source), record)


def unstage(staging: EncryptedStaging, source: str) -> None:
    """Take a source as not extracted: the next `extract` reads all of it again, on another snapshot."""
    staging.remove(record_path(source))


def stage_observations(
    staging: EncryptedStaging, source: str, samples: Mapping[str, Rows], overviews: Mapping[str, Overview]
) -> None:
    """Note what the page and a reviewer are shown of each table."""
    of_samples, of_overviews = observations(source)
    _write(staging, of_samples, samples)
    _write(staging, of_overviews, overviews)


def read_record(staging: EncryptedStaging, source: str) -> SourceExtract:
    """What `extract` recorded of a source.

    Raises:
        StagedFileError: it is gone or damaged.
    """
    return _read(staging, record_path(source), SourceExtract)


def staged_record(staging: EncryptedStaging, source: str) -> SourceExtract | None:
    """The same; None where nothing (more) is staged of it."""
    return read_record(staging, source) if is_staged(staging, source) else None


def staged_samples(staging: EncryptedStaging, source: str) -> dict[str, Rows]:
    """The first rows of each table of a source, as value forms."""
    return cast(dict[str, Rows], _read(staging, observations(source)[0], dict))


def staged_overviews(staging: EncryptedStaging, source: str) -> dict[str, Overview]:
    """What was seen of all rows of each table of a source."""
    return _read(staging, observations(source)[1], dict[str, Overview])


def observations(source: str) -> tuple[str, str]:
    """Where that lies: the first rows, and what was seen of all."""
    return f"samples/{source}.json", f"overviews/{source}.json"


def _read(staging: EncryptedStaging, path: str, kind: type[T]) -> T:
    with staging.reader(path) as stream:
        content = stream.read()
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):  # within a moment the register would be called damaged
        raise staging.damaged(path) from None


def _write(staging: EncryptedStaging, path: str, record: Any) -> None:
    with staging.writer(path) as sink:
        sink.write(msgspec.json.encode(record))


def record_path(source: str) -> str:
    """Where the record of a source lies."""
    return f"records/{source}.json"


def staged_pointers(staging: EncryptedStaging, source: str) -> dict[str, TablePointers]:
    """Table -> what was pointed out in it; empty where nothing was.

    Raises:
        StagedFileError: it is gone or damaged; nothing may take that for nothing pointed out.
    """
    return _read(staging, pointers_path(source), dict[str, TablePointers])


def pointers_path(source: str) -> str:
    """Where the pointers of a source lie."""
    return f"pointers/{source}.json"
