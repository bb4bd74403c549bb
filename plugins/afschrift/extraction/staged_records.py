"""What `extract` stages besides files: a record of its tables, first rows, overviews, pointers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from afschrift.domain.extracted import SourceExtract
from afschrift.domain.overview import Overview
from afschrift.domain.redaction import TablePointers
from afschrift.staging.encrypted import EncryptedStaging

if TYPE_CHECKING:  # pyarrow takes 90 MB, which a step that hands over does not need
    from afschrift.values.table_profiler import Rows

T = TypeVar("T")


def is_staged(staging: EncryptedStaging, source: str) -> bool:
    """Whether a source was extracted, and its record is still staged."""
    return staging.exists(record_path(source))


def stage_record(staging: EncryptedStaging, record: SourceExtract) -> None:
    """Stage the record of a source. `extract` stages it last: a record means that all files are there."""
    _write(staging, record_path(record.source), record)


def unstage(staging: EncryptedStaging, source: str) -> None:
    """Remove the record of a source, so that the next `extract` reads all of it again, in a new snapshot."""
    staging.remove(record_path(source))


def stage_observations(
    staging: EncryptedStaging, source: str, samples: Mapping[str, Rows], overviews: Mapping[str, Overview]
) -> None:
    """Stage what the page and a reviewer see of each table."""
    of_samples, of_overviews = observations(source)
    _write(staging, of_samples, samples)
    _write(staging, of_overviews, overviews)


def read_record(staging: EncryptedStaging, source: str) -> SourceExtract:
    """Read the record of a source.

    Raises:
        StagedFileError: it is missing or damaged.
    """
    return _read(staging, record_path(source), SourceExtract)


def staged_record(staging: EncryptedStaging, source: str) -> SourceExtract | None:
    """Read the record of a source; None if nothing is staged of it."""
    return read_record(staging, source) if is_staged(staging, source) else None


def staged_samples(staging: EncryptedStaging, source: str) -> dict[str, Rows]:
    """Read the first rows of each table of a source, as value forms."""
    return cast("dict[str, Rows]", _read(staging, observations(source)[0], dict))


def staged_overviews(staging: EncryptedStaging, source: str) -> dict[str, Overview]:
    """Read the overview of each table of a source."""
    return _read(staging, observations(source)[1], dict[str, Overview])


def observations(source: str) -> tuple[str, str]:
    """Paths of the first rows and of the overviews of a source."""
    return f"samples/{source}.json", f"overviews/{source}.json"


def _read(staging: EncryptedStaging, path: str, kind: type[T]) -> T:
    with staging.reader(path) as stream:
        content = stream.read()
    try:
        return msgspec.json.decode(content, type=kind)
    # Else the caller would take the error for damage in the register.
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise staging.damaged_error(path) from None


def _write(staging: EncryptedStaging, path: str, record: Any) -> None:
    with staging.writer(path) as sink:
        sink.write(msgspec.json.encode(record))


def record_path(source: str) -> str:
    """Path of the record of a source."""
    return f"records/{source}.json"


def staged_pointers(staging: EncryptedStaging, source: str) -> dict[str, TablePointers]:
    """Read table -> pointers; empty if nothing was pointed out.

    Raises:
        StagedFileError: the file is missing or damaged; that must not count as nothing pointed out.
    """
    return _read(staging, pointers_path(source), dict[str, TablePointers])


def pointers_path(source: str) -> str:
    """Path of the pointers of a source."""
    return f"pointers/{source}.json"
