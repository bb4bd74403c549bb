"""Read one file again and hold it against what was extracted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO, cast

from afschrift.domain.errors import ConfigurationError, ValidationFailedError
from afschrift.domain.extracted import FileEntry
from afschrift.domain.plan import FieldPlan
from afschrift.formats.batches import joined
from afschrift.formats.check.checks import Check, DigestStream, RowCount, SameValues, ValueTypes
from afschrift.formats.check.file_finding import FileFinding, UnreadableFileError
from afschrift.formats.registry import FORMATS

_SHOWN = 10


def validate(
    entry: FileEntry,
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    rows: int,
    checksums: Mapping[str, str],
) -> list[FileFinding]:
    """Every way in which a file is not what was extracted; empty where all is well.

    Args:
        entry: the file as written.
        stream: its plain content, read once from the start.
        fields: the selected columns of the plan.
        rows: number of rows extracted.
        checksums: column -> digest of `ColumnChecksums` over the value forms as extracted.

    Raises:
        ConfigurationError: there is no reader for the format.
    """
    if entry.format not in FORMATS:
        raise ConfigurationError(
            f"No reader checks the format {entry.format}.",
            remedy="add one to `formats.registry`; nothing is delivered unchecked.",
        )
    checks: list[Check] = [
        ValueTypes(entry.path, fields),
        RowCount(entry.path, rows),
        SameValues(entry.path, fields, checksums),
    ]
    source = DigestStream(stream)
    try:
        _run(joined(FORMATS[entry.format].reader(cast(BinaryIO, source), fields, entry.options)), checks)
    except UnreadableFileError as error:
        # counts and checksums of half a file would only repeat that
        found = [error.finding(entry.path)]
    else:
        found = [finding for check in checks for finding in check.findings()]
    return found + source.findings(entry)


def _run(batches: Iterator[Any], checks: Sequence[Check]) -> None:
    """Look at a batch while the next one is read: Arrow and hashing leave the interpreter free."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        checking: Future[None] | None = None
        for batch in batches:
            if checking is not None:
                checking.result()
            checking = beside.submit(_update, checks, batch)
        if checking is not None:
            checking.result()


def _update(checks: Sequence[Check], batch: Any) -> None:
    for check in checks:
        check.update(batch)


def require_valid(findings: Sequence[FileFinding]) -> None:
    """Stop delivery where anything was found.

    Raises:
        ValidationFailedError: names file, field, row and rule of the first findings; never a value.
    """
    if findings:
        more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
        raise ValidationFailedError(
            "What was written does not read back as what was extracted: "
            f"{'; '.join(map(str, findings[:_SHOWN]))}{more}.",
            remedy="clear `extract` and what follows: they are written again; if it comes back, report it.",
        )
