"""Read one file again and hold it against what was extracted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from afschrift.domain.errors import ConfigurationError, ValidationFailedError
from afschrift.domain.extracted import FileEntry
from afschrift.domain.file_format import Format
from afschrift.domain.plan import FieldPlan
from afschrift.formats.batches import joined
from afschrift.formats.check.checks import DigestStream, RowSums, ValueTypes
from afschrift.formats.check.file_finding import FileFinding, UnreadableFileError
from afschrift.formats.registry import FORMATS

_SHOWN = 10


@dataclass(frozen=True)
class FileContents:
    """What a file was found to hold.

    Attributes:
        rows: how many.
        checksums: column -> digest of `ColumnChecksums` over the value forms that were read.
        offences: the first value of each column that has not the form of its kind.
    """

    rows: int
    checksums: dict[str, str]
    offences: tuple[FileFinding, ...] = ()


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
    source = DigestStream(stream)
    try:
        found = read_contents(
            FORMATS[entry.format], entry.path, cast(BinaryIO, source), fields, entry.options
        )
    except UnreadableFileError as error:
        # counts and checksums of half a file would only repeat that
        findings = [error.finding(entry.path)]
    else:
        findings = differences(entry.path, found, rows, checksums)
    return findings + source.findings(entry)


def read_contents(
    format_: Format,
    path: str,
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    options: Mapping[str, str],
    *,
    forms: bool = True,
) -> FileContents:
    """What a file holds, read by its format's reader.

    Args:
        format_: whose reader reads it.
        path: of the file, for what is found.
        stream: its plain content, read once from the start.
        fields: the selected columns of the plan.
        options: of the file.
        forms: whether each value is held against the form of its kind.

    Raises:
        UnreadableFileError: the reader cannot go on.
    """
    types, sums = ValueTypes(path, fields), RowSums(fields)
    _run(joined(format_.reader(stream, fields, options)), [types, sums] if forms else [sums])
    return FileContents(sums.rows, sums.digests(), tuple(types.findings()))


def differences(path: str, found: FileContents, rows: int, checksums: Mapping[str, str]) -> list[FileFinding]:
    """Where what a file holds is not what was extracted.

    Args:
        path: of the file.
        found: in it.
        rows: number of rows extracted.
        checksums: of their columns.
    """
    findings = list(found.offences)
    if found.rows != rows:
        rule = f"the file holds the {rows} rows extracted; {found.rows} were read"
        findings.append(FileFinding("row_count", path, None, None, rule))
    rule = "the column reads back as the values extracted, in order"
    findings += [
        FileFinding("checksum", path, name, None, rule)
        for name, digest in found.checksums.items()
        if checksums.get(name) != digest
    ]
    return findings


def _run(batches: Iterator[Any], checks: Sequence[ValueTypes | RowSums]) -> None:
    """Look at a batch while the next one is read: Arrow and hashing leave the interpreter free."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        checking: Future[None] | None = None
        for batch in batches:
            if checking is not None:
                checking.result()
            checking = beside.submit(_update, checks, batch)
        if checking is not None:
            checking.result()


def _update(checks: Sequence[ValueTypes | RowSums], batch: Any) -> None:
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
            remedy="clear their `extract_<source>` and what follows: they are written "
            "again; if it comes back, report it.",
        )
